/* The entries of a module's variables in a record. */
#include "native.h"

/* The name of the type of a value that is shown as it is; NULL of another value. */
static PyObject *name_if_shown_as_it_is(PyObject *value, Py_ssize_t string, int whole, PyObject *names)
{
    PyTypeObject *kind = Py_TYPE(value);
    int place;
    if (kind == &PyFunction_Type) place = 0;
    else if (kind == &PyType_Type) place = 1;
    else if (kind == &PyModule_Type) place = 2;
    else if (kind == &PyUnicode_Type) {
        if (PyUnicode_GET_LENGTH(value) > string) return NULL;
        place = 3;
    } else if (kind == &PyLong_Type) {
        int overflow;
        if (!whole) return NULL;
        (void)PyLong_AsLongAndOverflow(value, &overflow);
        if (overflow) return NULL;
        place = 4;
    } else if (kind == &PyBool_Type) place = 5;
    else if (value == Py_None) place = 6;
    else if (kind == &PyFloat_Type) place = 7;
    else if (kind == &PyCFunction_Type) place = 8;
    else return NULL;
    return PyTuple_GET_ITEM(names, place);
}

/* Whether a value is kept as it is wherever it stands: see Copy._are_atoms in follow/bounded.py. */
static int is_atom(PyObject *value, Py_ssize_t string)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyUnicode_Type) return PyUnicode_GET_LENGTH(value) <= string;
    if (kind == &PyLong_Type) {
        int overflow;
        long number = PyLong_AsLongAndOverflow(value, &overflow);
        return !overflow && -1073741824 < number && number < 1073741824;
    }
    return value == Py_None || kind == &PyFloat_Type || kind == &PyBool_Type;
}

static int are_atoms(PyObject *value, Py_ssize_t string)
{
    if (PyDict_CheckExact(value)) {
        PyObject *key, *item;
        for (Py_ssize_t at = 0; PyDict_Next(value, &at, &key, &item);)
            if (!is_atom(key, string) || !is_atom(item, string)) return 0;
        return 1;
    }
    PyObject **items = PySequence_Fast_ITEMS(value);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); i++)
        if (!is_atom(items[i], string)) return 0;
    return 1;
}

/* A copy of a list, tuple or dict of atoms, at most `most` of them, and where its type's name is; NULL of another value, if
   there is no error. What is copied is looked at again: to make room for it anything may have run. */
static PyObject *copy_of_atoms(PyObject *value, Py_ssize_t most, Py_ssize_t string, int *place)
{
    PyObject *copy = NULL;
    if (PyList_CheckExact(value)) *place = 9;
    else if (PyTuple_CheckExact(value)) *place = 10;
    else if (PyDict_CheckExact(value)) *place = 11;
    else return NULL;
    if ((*place == 11 ? PyDict_GET_SIZE(value) : Py_SIZE(value)) > most || !are_atoms(value, string)) return NULL;
    if (*place == 9) copy = PyList_GetSlice(value, 0, PY_SSIZE_T_MAX);
    else copy = *place == 10 ? Py_NewRef(value) : PyDict_Copy(value);
    if (copy != NULL && *place != 10
        && ((*place == 11 ? PyDict_GET_SIZE(copy) : Py_SIZE(copy)) > most || !are_atoms(copy, string)))
        Py_CLEAR(copy);
    return copy;
}

/* The name of a value's type, if values of that type are kept as they are: those that are copied are listed. */
static PyObject *name_if_not_copied(PyObject *value, PyObject *copied)
{
    PyTypeObject *kind = Py_TYPE(value);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(copied); i++)
        if (PyTuple_GET_ITEM(copied, i) == (PyObject *)kind) return NULL;
    if (kind->tp_flags & Py_TPFLAGS_HEAPTYPE) return Py_NewRef(((PyHeapTypeObject *)kind)->ht_name);
    const char *dot = strrchr(kind->tp_name, '.');
    return PyUnicode_InternFromString(dot == NULL ? kind->tp_name : dot + 1);
}

/* Where the values of an entry are, counted from where a dict keeps its keys: a copy of one is filled in place then, which
   takes a third of the time. All are 0 where that is not known. */
typedef struct {
    const void *empty; /* that entry, of which others are copies: only compared, for each interpreter has its own */
    size_t at[3];
} Places;

static Places places;

#if PY_VERSION_HEX < 0x030E0000

static PyObject **place_in(PyObject *entry, int which)
{
    return (PyObject **)((char *)((PyDictObject *)entry)->ma_keys + places.at[which]);
}

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
        if (found == NULL || found != marks[i]) places.at[0] = 0;
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

#else

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

static PyObject *entry_of(PyObject *name, PyObject *value, PyObject *kind, const Limits *limits)
{
    PyObject *const *keys = PySequence_Fast_ITEMS(limits->keys), *values[] = {name, value, kind};
    if (places.empty != limits->empty) find_places(limits->empty, keys);
    PyObject *entry = PyDict_Copy(limits->empty);
    if (entry == NULL || filled_in_place(entry, values)) return entry;
    for (int i = 0; entry != NULL && i < 3; i++)
        if (PyDict_SetItem(entry, keys[i], values[i]) < 0) Py_CLEAR(entry);
    return entry;
}

/* What makes the entry of another value, how long a string may be and whether integers of a machine's word are whole, of
   how many atoms containers are copied here, the names of the types above, an entry without values, its keys, and the
   types of the values that are not kept as they are: see Capture.limits in follow/capture.py. */
enum { OTHER, STRING, WHOLE, ATOMS, KINDS, EMPTY, KEYS, COPIED, LIMITS };

int read_limits(PyObject *given, Limits *limits)
{
    if (!PyTuple_CheckExact(given) || PyTuple_GET_SIZE(given) != LIMITS) return -1;
    PyObject **all = PySequence_Fast_ITEMS(given);
    if (!PyTuple_CheckExact(all[KINDS]) || PyTuple_GET_SIZE(all[KINDS]) != 12 || !PyDict_CheckExact(all[EMPTY])
        || !PyTuple_CheckExact(all[KEYS]) || PyTuple_GET_SIZE(all[KEYS]) != 3 || !PyTuple_CheckExact(all[COPIED]))
        return -1;
    *limits = (Limits){.other = all[OTHER], .kinds = all[KINDS], .empty = all[EMPTY], .keys = all[KEYS],
                       .copied = all[COPIED], .string = PyNumber_AsSsize_t(all[STRING], NULL),
                       .atoms = PyNumber_AsSsize_t(all[ATOMS], NULL), .whole = all[WHOLE] == Py_True};
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *made_entry(PyObject *name, PyObject *value, const Limits *limits)
{
    int place;
    PyObject *kind = name_if_shown_as_it_is(value, limits->string, limits->whole, limits->kinds), *entry, *copy;
    if (kind != NULL) return entry_of(name, value, kind, limits);
    if ((kind = name_if_not_copied(value, limits->copied)) != NULL) {
        entry = entry_of(name, value, kind, limits);
        Py_DECREF(kind);
        return entry;
    }
    if (PyErr_Occurred()) return NULL;
    if ((copy = copy_of_atoms(value, limits->atoms, limits->string, &place)) != NULL) {
        entry = entry_of(name, copy, PyTuple_GET_ITEM(limits->kinds, place), limits);
        Py_DECREF(copy);
        return entry;
    }
    if (PyErr_Occurred()) return NULL;
    PyObject *given[] = {name, value};
    return untraced(limits->other, given, 2);
}

/* What a module's dict has of a name; borrowed, or NULL. Mostly names come in the order in which they were bound, so the
   next item of the dict is looked at first. */
static PyObject *value_of(PyObject *found, PyObject *name, Py_ssize_t *at)
{
    enum { MORE = 12 }; /* before its own names there are some of the interpreter's */
    PyObject *key, *value;
    Py_ssize_t next = *at;
    for (int i = 0; i < (*at == 0 ? MORE : 1) && PyDict_Next(found, &next, &key, &value); i++)
        if (key == name) {
            *at = next;
            return value;
        }
    return PyDict_GetItemWithError(found, name);
}

int add_entry(PyObject *made, PyObject *found, PyObject *name, const Limits *limits, Py_ssize_t *at)
{
    PyObject *value = value_of(found, name, at);
    if (value == NULL) return PyErr_Occurred() ? -1 : 0;
    Py_INCREF(name);
    Py_INCREF(value);
    PyObject *entry = made_entry(name, value, limits);
    Py_DECREF(name);
    Py_DECREF(value);
    if (entry == NULL) return -1;
    Py_ssize_t size = PyList_GET_SIZE(made);
    if (size < ((PyListObject *)made)->allocated) {
        PyList_SET_ITEM(made, size, entry);
        Py_SET_SIZE(made, size + 1);
        return 0;
    }
    int failed = PyList_Append(made, entry);
    Py_DECREF(entry);
    return failed;
}

PyObject *list_with_room(Py_ssize_t room)
{
    PyObject *made = PyList_New(room);
    if (made != NULL) Py_SET_SIZE(made, 0);
    return made;
}

/* `entries(found, names, limits)`: of those of the names that are in a module's dict. */
PyObject *entries(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    Limits limits;
    if (count != 3 || !PyDict_Check(args[0]) || !PyList_CheckExact(args[1]) || read_limits(args[2], &limits) < 0) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "entries(found, names, limits)");
        return NULL;
    }
    PyObject *made = list_with_room(PyList_GET_SIZE(args[1]));
    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; made != NULL && i < PyList_GET_SIZE(args[1]); i++)
        if (add_entry(made, args[0], PyList_GET_ITEM(args[1], i), &limits, &at) < 0) clear_beside_error(&made);
    return made;
}
