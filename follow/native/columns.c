/* Events as columns, and back: the same as follow/trace/columns.py does. */
#include "pack.h"

enum { SET_ID = 1, RAISED_ID, LEFT_ID, SILENCE_ID = 5 }; /* follow/events.py */

static int has_call(long long number)
{
    return number > SILENCE_ID || number == SET_ID || number == RAISED_ID || number == LEFT_ID;
}

/* How many items an event of an id has; -1 with an exception. `lengths` is a dict that may find what it lacks. */
static Py_ssize_t length_of(PyObject *lengths, PyObject *number)
{
    PyObject *found = Py_XNewRef(PyDict_GetItemWithError(lengths, number));
    if (found == NULL && !PyErr_Occurred()) found = PyObject_GetItem(lengths, number);
    Py_ssize_t length = found == NULL ? -1 : PyLong_AsSsize_t(found);
    Py_XDECREF(found);
    if (length >= 0 && length < 2) PyErr_SetString(PyExc_ValueError, "an event has two items at least");
    return length < 2 ? -1 : length;
}

/* The difference of an integer from the one before, which it replaces: 1 if it is none of 62 bits. */
static int difference(PyObject *value, long long *before, long long *found)
{
    int overflow;
    if (!PyLong_CheckExact(value)) return 1;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow || number > LLONG_MAX / 4 || number < LLONG_MIN / 4) return 1;
    *found = number - *before;
    *before = number;
    return 0;
}

static int put_long(Bytes *out, long long number)
{
    PyObject *value = PyLong_FromLongLong(number);
    int failed = value == NULL || put_int(out, value);
    Py_XDECREF(value);
    return failed ? -1 : 0;
}

typedef struct {
    Bytes ids, calls, times, values;
    size_t events, with_call, count;
    long long call, time;
} Columns;

/* One event of so many items: 1 if it is not as they are mostly. What `default` runs does not change the list. */
static int put_event(Packer *self, Columns *into, PyObject *list, Py_ssize_t start, Py_ssize_t length)
{
    long long number, zero = 0, later;
    Py_ssize_t first = start + 1, last = start + length - 1;
    if (difference(PyList_GET_ITEM(list, start), &zero, &number)) return 1;
    if (put_long(&into->ids, number) < 0) return -1;
    into->events++;
    if (has_call(number)) {
        if (length < 3 || difference(PyList_GET_ITEM(list, first++), &into->call, &later)) return 1;
        if (put_long(&into->calls, later) < 0) return -1;
        into->with_call++;
    }
    if (difference(PyList_GET_ITEM(list, last), &into->time, &later)) return 1;
    if (put_long(&into->times, later) < 0) return -1;
    for (Py_ssize_t i = first; i < last; i++) {
        if (last >= PyList_GET_SIZE(list)) {
            PyErr_SetString(PyExc_ValueError, "a list changed while it was written");
            return -1;
        }
        PyObject *item = Py_NewRef(PyList_GET_ITEM(list, i));
        int failed = put_value(self, &into->values, item, EVENT_VALUES) < 0;
        Py_DECREF(item);
        if (failed) return -1;
        into->count++;
    }
    return 0;
}

/* The content of a frame. */
static PyObject *whole_of(Columns *columns)
{
    Bytes *bytes[] = {&columns->ids, &columns->calls, &columns->times, &columns->values}, heads[5] = {{NULL, 0, 0, NULL}};
    size_t counts[] = {columns->events, columns->with_call, columns->events, columns->count}, size = 0;
    int failed = put(&heads[4], "\x92\xA7" "columns" "\x94", 10) < 0;
    for (int i = 0; i < 4 && !failed; i++) {
        failed = put_list_head(&heads[i], counts[i]) < 0;
        size += heads[i].size + bytes[i]->size;
    }
    PyObject *whole = failed ? NULL : PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(heads[4].size + size));
    if (whole != NULL) {
        char *at = PyBytes_AS_STRING(whole);
        memcpy(at, heads[4].data, heads[4].size);
        at += heads[4].size;
        for (int i = 0; i < 4; i++) {
            memcpy(at, heads[i].data, heads[i].size);
            at += heads[i].size;
            if (bytes[i]->size) memcpy(at, bytes[i]->data, bytes[i]->size);
            at += bytes[i]->size;
        }
    }
    for (int i = 0; i < 5; i++) PyMem_Free(heads[i].data);
    return whole;
}

PyObject *packer_events(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0]) || !PyDict_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "pack_events() takes a list and a dict");
        return NULL;
    }
    Span spans[SPANS];
    Columns columns = {.values = {NULL, 0, 0, spans}};
    PyObject *list = args[0], *whole = NULL, *found = NULL;
    Py_ssize_t at = 0;
    int failed = 0;
    memset(spans, 0, sizeof spans);
    while (!failed && at < PyList_GET_SIZE(list)) {
        PyObject *number = Py_NewRef(PyList_GET_ITEM(list, at));
        Py_ssize_t length = length_of(args[1], number);
        Py_DECREF(number);
        if (length > PyList_GET_SIZE(list) - at) failed = 1;
        else failed = length < 0 ? -1 : put_event((Packer *)object, &columns, list, at, length);
        at += length;
    }
    if (!failed && (whole = whole_of(&columns)) != NULL) found = Py_BuildValue("Nn", whole, (Py_ssize_t)columns.events);
    if (failed > 0) found = Py_NewRef(Py_None);
    Bytes *all[] = {&columns.ids, &columns.calls, &columns.times, &columns.values};
    for (int i = 0; i < 4; i++) PyMem_Free(all[i]->data);
    return found;
}

/* Add an item to a list; the reference is taken over. */
static int add_new(PyObject *list, PyObject *item)
{
    int failed = item == NULL ? -1 : PyList_Append(list, item);
    Py_XDECREF(item);
    return failed;
}

/* Add an event to a flat list: 1 if the columns do not fit together. */
static int join_event(PyObject *items, PyObject *const *columns, Py_ssize_t *places, long long *sums, PyObject *lengths)
{
    PyObject *id = PyList_GET_ITEM(columns[0], places[0]);
    long long number, zero = 0;
    if (difference(id, &zero, &number)) return 1;
    Py_ssize_t length = length_of(lengths, id);
    if (length < 0) return -1;
    int numbered = has_call(number);
    Py_ssize_t values = length - 2 - numbered;
    if (values < 0 || values > PyList_GET_SIZE(columns[3]) - places[3]) return 1;
    if (PyList_Append(items, id) < 0) return -1;
    for (int i = 1; i <= 2; i++) { /* the call, then the time */
        if (i == 1 && !numbered) continue;
        long long before = 0, later;
        if (places[i] >= PyList_GET_SIZE(columns[i])) return 1;
        if (difference(PyList_GET_ITEM(columns[i], places[i]++), &before, &later)) return 1;
        sums[i] += later;
        if (sums[i] > LLONG_MAX / 4 || sums[i] < LLONG_MIN / 4) return 1;
        for (Py_ssize_t end = i == 2 ? places[3] + values : 0; i == 2 && places[3] < end; places[3]++)
            if (PyList_Append(items, PyList_GET_ITEM(columns[3], places[3])) < 0) return -1;
        if (add_new(items, PyLong_FromLongLong(sums[i])) < 0) return -1;
    }
    return 0;
}

/* `joined(columns, lengths)`: the flat list of the events of some columns; None if Python is to do it. */
PyObject *joined(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    PyObject *columns[4];
    if (count != 2 || !PyDict_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "joined() takes columns and a dict");
        return NULL;
    }
    if (!PyList_CheckExact(args[0]) || PyList_GET_SIZE(args[0]) != 4) return Py_NewRef(Py_None);
    for (int i = 0; i < 4; i++) {
        columns[i] = PyList_GET_ITEM(args[0], i);
        if (!PyList_CheckExact(columns[i])) return Py_NewRef(Py_None);
    }
    Py_ssize_t places[4] = {0, 0, 0, 0};
    long long sums[3] = {0, 0, 0};
    PyObject *items = PyList_New(0);
    int failed = items == NULL ? -1 : 0;
    for (; !failed && places[0] < PyList_GET_SIZE(columns[0]); places[0]++)
        failed = join_event(items, columns, places, sums, args[1]);
    for (int i = 1; i < 4 && !failed; i++) failed = places[i] != PyList_GET_SIZE(columns[i]);
    if (failed) Py_CLEAR(items);
    return failed > 0 ? Py_NewRef(Py_None) : items;
}
