/* Copies of built-in values within limits, for records: what follow/bounded.py does.

   No code of the program runs here, nor any other Python code, and the collector is off meanwhile: so the GIL is held from a
   value's first item to its last, and no other thread can change it half way. What is not done here (a deque, an ordered
   dict, a dict with keys whose comparison may run code, …) makes the whole value Python's task. */
#include "native.h"

#define FEW_MET 32

typedef struct {
    uintptr_t key;
    PyObject *copy; /* borrowed: the copy that is being made holds it */
} Done;

typedef struct {
    const Entries *limits;
    Py_ssize_t nodes;
    Done few[FEW_MET], *done; /* which lists and dicts have been copied; twice as large as it need be */
    size_t size, used;
} Copy;

static Done *done_of(Done *done, size_t size, uintptr_t key)
{
    size_t at = (size_t)(((uint64_t)key * 0x9E3779B97F4A7C15u) >> 32) & (size - 1);
    while (done[at].key != 0 && done[at].key != key) at = (at + 1) & (size - 1);
    return &done[at];
}

/* Remember what was made of a list or dict: met again it is the same, and cycles stay cycles. */
static int remember(Copy *copy, PyObject *value, PyObject *made)
{
    if (copy->used * 2 >= copy->size) {
        Done *old = copy->done, *new = PyMem_Calloc(copy->size * 4, sizeof(Done));
        if (new == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        for (size_t i = 0; i < copy->size; i++)
            if (old[i].key != 0) *done_of(new, copy->size * 4, old[i].key) = old[i];
        if (old != copy->few) PyMem_Free(old);
        copy->done = new;
        copy->size *= 4;
    }
    *done_of(copy->done, copy->size, (uintptr_t)value) = (Done){(uintptr_t)value, made};
    copy->used++;
    return 0;
}

/* Instead of a value beyond the limits; takes over the reference to what is shown of it. */
static PyObject *shortened_form(const Entries *limits, PyObject *value, Py_ssize_t length, PyObject *shown)
{
    if (shown == NULL) return NULL;
    PyObject *name = PyUnicode_InternFromString(Py_TYPE(value)->tp_name), *number = PyLong_FromSsize_t(length);
    PyObject *new = name == NULL || number == NULL ? NULL : limits->shortened->tp_alloc(limits->shortened, 0);
    if (new == NULL) {
        Py_XDECREF(name);
        Py_XDECREF(number);
        Py_DECREF(shown);
        return NULL;
    }
    *(PyObject **)((char *)new + limits->type_at) = name;
    *(PyObject **)((char *)new + limits->length_at) = number;
    *(PyObject **)((char *)new + limits->shown_at) = shown;
    return new;
}

static PyObject *copied(Copy *copy, PyObject *value, int depth);

/* Whether a value surely needs no copy: most of those in containers. */
static inline int is_as_it_is(const Entries *limits, PyObject *value)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyUnicode_Type) return is_small_text(value, limits->string);
    if (kind == &PyLong_Type) return limits->whole && is_small_int(value);
    return value == Py_None || kind == &PyBool_Type || kind == &PyFloat_Type || kind == &PyFunction_Type || kind == &PyType_Type;
}

static PyObject *number_form(const Entries *limits, PyObject *value)
{
    int overflow = 0;
    if (!is_small_int(value)) (void)PyLong_AsLongAndOverflow(value, &overflow);
    if (!overflow && limits->whole) return Py_NewRef(value);
#if PY_VERSION_HEX < 0x030E0000
    size_t bits = _PyLong_NumBits(value);
    if (bits == (size_t)-1 && PyErr_Occurred()) return NULL;
    if (bits <= (size_t)limits->bits) return Py_NewRef(value);
    return shortened_form(limits, value, (Py_ssize_t)bits, Py_NewRef(Py_None));
#else
    return NULL;
#endif
}

static PyObject *text_form(const Entries *limits, PyObject *value)
{
    if (is_small_text(value, limits->string)) return Py_NewRef(value);
    if (!is_small_text(value, PY_SSIZE_T_MAX)) return NULL;
    return shortened_form(limits, value, PyUnicode_GET_LENGTH(value), PyUnicode_Substring(value, 0, limits->string));
}

static PyObject *bytes_form(const Entries *limits, PyObject *value)
{
    if (PyBytes_GET_SIZE(value) <= limits->string) return Py_NewRef(value);
    PyObject *shown = PyBytes_FromStringAndSize(PyBytes_AS_STRING(value), limits->string);
    return shortened_form(limits, value, PyBytes_GET_SIZE(value), shown);
}

static PyObject *list_copy(Copy *copy, PyObject *value, int depth)
{
    PyObject *new = PyList_GetSlice(value, 0, PY_SSIZE_T_MAX);
    if (new == NULL || remember(copy, value, new) < 0) goto failed;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(new); i++) {
        PyObject *item = PyList_GET_ITEM(new, i), *form;
        if (is_as_it_is(copy->limits, item)) continue;
        if ((form = copied(copy, item, depth + 1)) == NULL) goto failed;
        PyList_SET_ITEM(new, i, form);
        Py_DECREF(item); /* the list that is copied holds it */
    }
    return new;
failed:
    Py_XDECREF(new);
    return NULL;
}

static PyObject *tuple_copy(Copy *copy, PyObject *value, int depth)
{
    PyObject *new = NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); i++) {
        PyObject *item = PyTuple_GET_ITEM(value, i), *form;
        form = is_as_it_is(copy->limits, item) ? Py_NewRef(item) : copied(copy, item, depth + 1);
        if (form != NULL && new == NULL && form != item && (new = PyTuple_New(PyTuple_GET_SIZE(value))) != NULL)
            for (Py_ssize_t j = 0; j < i; j++) PyTuple_SET_ITEM(new, j, Py_NewRef(PyTuple_GET_ITEM(value, j)));
        if (form == NULL || (new == NULL && form != item)) {
            Py_XDECREF(form);
            Py_XDECREF(new);
            return NULL;
        }
        if (new == NULL) Py_DECREF(form);
        else PyTuple_SET_ITEM(new, i, form);
    }
    return new == NULL ? Py_NewRef(value) : new;
}

/* Whether hashing and comparing a key runs no code of the program's: a copy of a dict may compare its keys. */
static int is_safe_key(PyObject *key)
{
    PyTypeObject *kind = Py_TYPE(key);
    if (kind == &PyTuple_Type) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); i++)
            if (PyTuple_CheckExact(PyTuple_GET_ITEM(key, i)) || !is_safe_key(PyTuple_GET_ITEM(key, i))) return 0;
        return 1;
    }
    return kind == &PyUnicode_Type || kind == &PyLong_Type || kind == &PyFloat_Type || kind == &PyBool_Type
           || kind == &PyBytes_Type || kind == &PyType_Type || kind == &PyFunction_Type || kind == &PyCFunction_Type
           || kind == &PyModule_Type || key == Py_None;
}

static int are_safe_keys(PyObject *dict)
{
    PyObject *key, *item;
    Py_ssize_t at = 0;
    while (PyDict_Next(dict, &at, &key, &item))
        if (!is_safe_key(key)) return 0;
    return 1;
}

static PyObject *dict_copy(Copy *copy, PyObject *value, int depth)
{
    if (!are_safe_keys(value)) return NULL;
    PyObject *new = PyDict_Copy(value), *key, *item;
    Py_ssize_t at = 0;
    if (new == NULL || remember(copy, value, new) < 0) goto failed;
    while (PyDict_Next(new, &at, &key, &item)) { /* no key is added, so this may go on while values are set */
        if (is_as_it_is(copy->limits, item)) continue;
        PyObject *form = copied(copy, item, depth + 1);
        int failed = form == NULL || (form != item && PyDict_SetItem(new, key, form) < 0);
        Py_XDECREF(form);
        if (failed) goto failed;
    }
    return new;
failed:
    Py_XDECREF(new);
    return NULL;
}

/* Whether it may be a key of what is shown of a dict: as in follow/bounded.py. */
static int is_atomic_key(PyObject *key)
{
    PyTypeObject *kind = Py_TYPE(key);
    return kind == &PyUnicode_Type || kind == &PyLong_Type || kind == &PyFloat_Type || kind == &PyBool_Type
           || kind == &PyBytes_Type || key == Py_None;
}

static int add_pair(PyObject *shown, PyObject *key, PyObject *item)
{
    if (PyDict_CheckExact(shown)) return PyDict_SetItem(shown, key, item);
    PyObject *pair = PyTuple_Pack(2, key, item);
    int failed = pair == NULL || PyList_Append(shown, pair) < 0;
    Py_XDECREF(pair);
    return failed ? -1 : 0;
}

/* What is shown of a dict with too many items: a dict, or pairs if a key could run the program's code. */
static PyObject *dict_head(Copy *copy, PyObject *value, Py_ssize_t count, int depth)
{
    PyObject *shown = PyDict_New(), *key, *item;
    for (Py_ssize_t at = 0; shown != NULL && count > 0 && PyDict_Next(value, &at, &key, &item); count--) {
        PyObject *first = copied(copy, key, depth + 1), *second = first == NULL ? NULL : copied(copy, item, depth + 1);
        if (second != NULL && PyDict_CheckExact(shown) && !is_atomic_key(first)) Py_SETREF(shown, PyDict_Items(shown));
        if (second == NULL || shown == NULL || add_pair(shown, first, second) < 0) Py_CLEAR(shown);
        Py_XDECREF(first);
        Py_XDECREF(second);
    }
    return shown;
}

/* What is shown of a list, tuple or set with too many items. */
static PyObject *head(Copy *copy, PyObject *value, Py_ssize_t count, int depth)
{
    PyObject *iterator = PyObject_GetIter(value), *shown = iterator == NULL ? NULL : PyList_New(0), *item;
    while (shown != NULL && PyList_GET_SIZE(shown) < count && (item = PyIter_Next(iterator)) != NULL) {
        PyObject *form = copied(copy, item, depth + 1);
        if (form == NULL || PyList_Append(shown, form) < 0) Py_CLEAR(shown);
        Py_XDECREF(form);
        Py_DECREF(item);
    }
    Py_XDECREF(iterator);
    if (shown != NULL && PyErr_Occurred()) Py_CLEAR(shown);
    return shown;
}

static PyObject *container_copy(Copy *copy, PyObject *value, Py_ssize_t length, int depth)
{
    const Entries *limits = copy->limits;
    PyTypeObject *kind = Py_TYPE(value);
    Done *done = done_of(copy->done, copy->size, (uintptr_t)value);
    if (done->key != 0) return Py_NewRef(done->copy);
    if (depth >= limits->depth && length) return shortened_form(limits, value, length, Py_NewRef(Py_None));
    copy->nodes -= length < limits->items ? length : limits->items;
    if (copy->nodes < 0) return shortened_form(limits, value, length, Py_NewRef(Py_None));
    if (length > limits->items) {
        PyObject *shown = kind == &PyDict_Type ? dict_head(copy, value, limits->items, depth)
                                               : head(copy, value, limits->items, depth);
        return shortened_form(limits, value, length, shown);
    }
    if (kind == &PyList_Type) return list_copy(copy, value, depth);
    if (kind == &PyTuple_Type) return tuple_copy(copy, value, depth);
    if (kind == &PyDict_Type) return dict_copy(copy, value, depth);
    return PyFrozenSet_CheckExact(value) ? Py_NewRef(value) : PySet_New(value);
}

/* What stands for a value of any type; NULL without an error if it is Python's task. */
static PyObject *copied(Copy *copy, PyObject *value, int depth)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyLong_Type) return number_form(copy->limits, value);
    if (kind == &PyUnicode_Type) return text_form(copy->limits, value);
    if (kind == &PyBytes_Type) return bytes_form(copy->limits, value);
    if (kind == &PyDict_Type || kind == &PyTuple_Type || kind == &PyList_Type || kind == &PySet_Type || kind == &PyFrozenSet_Type)
        return container_copy(copy, value, items_in(value), depth);
    return is_copied(copy->limits, kind) ? NULL : Py_NewRef(value);
}

PyObject *bounded_copy(const Entries *limits, PyObject *value)
{
    Copy copy = {.limits = limits, .nodes = limits->nodes, .size = FEW_MET};
    copy.done = copy.few;
    int enabled = PyGC_Disable(); /* a finalizer could change what is being copied */
    PyObject *made = copied(&copy, value, 0);
    if (enabled) PyGC_Enable();
    if (copy.done != copy.few) PyMem_Free(copy.done);
    return made;
}
