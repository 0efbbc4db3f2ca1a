/* The dicts that are a variable's entry in a record: filled in place, which takes a third of the time, and used again when
   no follower has kept them. */
#include "native.h"

#define MOST_SPARE 512

/* Where the values of an entry are, counted from where a dict keeps its keys: a copy of one is filled in place then, which
   takes a third of the time. All are 0 where that is not known. */
typedef struct {
    const void *empty; /* that entry, of which others are copies: only compared, for each interpreter has its own */
    size_t at[3];
} Places;

static Places places;

/* Entries that nobody but follow has any more, without their values: those of the next record are made of them. */
static PyObject *spare[MOST_SPARE];
static int spare_count;

#if PY_VERSION_HEX < 0x030E0000

static PyObject **place_in(PyObject *entry, int which)
{
    return (PyObject **)((char *)((PyDictObject *)entry)->ma_keys + places.at[which]);
}

/* Where the key of a value is. */
static PyObject **key_before(PyObject **place) { return place - 1; }

/* Look for marks where their values must be; `size` is less than what keys take in any version. */
static void look_for(PyObject *entry, PyObject *const *marks)
{
    enum { SIZE = 120 };
    const char *table = (const char *)((PyDictObject *)entry)->ma_keys;
    for (size_t at = 0; at < SIZE; at += sizeof(PyObject *)) {
        PyObject *there;
        memcpy(&there, table + at, sizeof there);
        for (int i = 0; i < 3; i++)
            if (there == marks[i]) places.at[i] = at;
    }
}

/* Find out where values are in copies of an entry; where that fails, they are set as in any dict. */
static void find_places(PyObject *empty, PyObject *const *keys)
{
    PyObject *entry = PyDict_Copy(empty), *marks[3] = {PyList_New(0), PyList_New(0), PyList_New(0)}, *found;
    places.empty = empty;
    while (spare_count > 0) Py_DECREF(spare[--spare_count]); /* of another interpreter */
    int failed = entry == NULL;
    for (int i = 0; i < 3; i++) {
        places.at[i] = 0;
        failed = failed || marks[i] == NULL || PyDict_SetItem(entry, keys[i], marks[i]) < 0;
    }
    if (!failed && PyDict_GET_SIZE(entry) == 3 && ((PyDictObject *)entry)->ma_values == NULL) look_for(entry, marks);
    Py_XSETREF(entry, PyDict_Copy(empty));
    for (int i = 0; i < 3 && entry != NULL && places.at[i] != 0; i++) Py_SETREF(*place_in(entry, i), Py_NewRef(marks[i]));
    for (int i = 0; i < 3; i++) {
        found = entry == NULL ? NULL : PyDict_GetItemWithError(entry, keys[i]);
        if (found == NULL || found != marks[i] || *key_before(place_in(entry, i)) != keys[i]) places.at[0] = 0;
        Py_XDECREF(marks[i]);
    }
    Py_XDECREF(entry);
    PyErr_Clear();
}

static int filled_in_place(PyObject *entry, PyObject *const *values)
{
    if (places.at[0] == 0) return 0;
    for (int i = 0; i < 3; i++) Py_SETREF(*place_in(entry, i), Py_NewRef(values[i]));
    if (PyObject_IS_GC(values[1]) && !PyObject_GC_IsTracked(entry)) PyObject_GC_Track(entry);
    return 1;
}

/* Whether an entry is as it was made but for its values: a follower may have changed it. */
static int is_intact(PyObject *entry, PyObject *const *keys)
{
    if (!PyDict_CheckExact(entry) || PyDict_GET_SIZE(entry) != 3 || ((PyDictObject *)entry)->ma_values != NULL) return 0;
    for (int i = 0; i < 3; i++) {
        PyObject **place = place_in(entry, i);
        if (*place == NULL || *key_before(place) != keys[i]) return 0;
    }
    return 1;
}

void use_again(PyObject *made, const Entries *limits)
{
    PyObject *const *keys = PySequence_Fast_ITEMS(limits->keys), *values[3];
    if (places.empty != limits->empty || places.at[0] == 0 || Py_REFCNT(made) != 1) return;
    while (PyList_GET_SIZE(made) > 0 && spare_count < MOST_SPARE) {
        Py_ssize_t last = PyList_GET_SIZE(made) - 1;
        PyObject *entry = PyList_GET_ITEM(made, last);
        if (Py_REFCNT(entry) != 1 || !is_intact(entry, keys)) return;
        Py_SET_SIZE(made, last); /* the reference is taken over */
        if (PyObject_GC_IsTracked(entry)) PyObject_GC_UnTrack(entry);
        for (int i = 0; i < 3; i++) {
            PyObject **place = place_in(entry, i);
            values[i] = *place;
            *place = Py_NewRef(Py_None);
        }
        spare[spare_count++] = entry;
        for (int i = 0; i < 3; i++) Py_DECREF(values[i]); /* this may run anything */
        if (Py_REFCNT(made) != 1 || places.empty != limits->empty) return;
    }
}

#else

void use_again(PyObject *made, const Entries *limits)
{
    (void)made, (void)limits;
}

static void find_places(PyObject *empty, PyObject *const *keys)
{
    (void)keys;
    places.empty = empty;
}

static int filled_in_place(PyObject *entry, PyObject *const *values)
{
    (void)entry, (void)values;
    return 0;
}

#endif

PyObject *filled_entry(PyObject *name, PyObject *value, PyObject *kind, const Entries *limits)
{
    PyObject *const *keys = PySequence_Fast_ITEMS(limits->keys), *values[] = {name, value, kind};
    if (places.empty != limits->empty) find_places(limits->empty, keys);
    PyObject *entry = spare_count > 0 ? spare[--spare_count] : PyDict_Copy(limits->empty);
    if (entry == NULL || filled_in_place(entry, values)) return entry;
    for (int i = 0; entry != NULL && i < 3; i++)
        if (PyDict_SetItem(entry, keys[i], values[i]) < 0) Py_CLEAR(entry);
    return entry;
}
