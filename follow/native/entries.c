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

/* Whether a value is kept as it is wherever it stands: see Copy._are_atoms in follow/capture.py. */
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

static PyObject *entry_of(PyObject *name, PyObject *value, PyObject *kind, PyObject *empty, PyObject *keys)
{
    PyObject *entry = PyDict_Copy(empty);
    if (entry == NULL) return NULL;
    if (PyDict_SetItem(entry, PyTuple_GET_ITEM(keys, 0), name) < 0
        || PyDict_SetItem(entry, PyTuple_GET_ITEM(keys, 1), value) < 0
        || PyDict_SetItem(entry, PyTuple_GET_ITEM(keys, 2), kind) < 0)
        Py_CLEAR(entry);
    return entry;
}

/* What is the same for all records: what makes the entry of another value, how long a string may be and whether integers
   of a machine's word are whole, of how many atoms containers are copied here, the names of the types above, an entry
   without values, its keys, and the types of the values that are not kept as they are. */
enum { OTHER, STRING, WHOLE, ATOMS, KINDS, EMPTY, KEYS, COPIED, LIMITS };

static int are_limits(PyObject *limits)
{
    if (!PyTuple_CheckExact(limits) || PyTuple_GET_SIZE(limits) != LIMITS) return 0;
    PyObject **all = PySequence_Fast_ITEMS(limits);
    return PyTuple_CheckExact(all[KINDS]) && PyTuple_GET_SIZE(all[KINDS]) == 12 && PyDict_CheckExact(all[EMPTY])
           && PyTuple_CheckExact(all[KEYS]) && PyTuple_GET_SIZE(all[KEYS]) == 3 && PyTuple_CheckExact(all[COPIED]);
}

/* `entries(found, names, limits)`: of those of the names that are in a module's dict. */
PyObject *entries(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 3 || !PyDict_Check(args[0]) || !PyList_CheckExact(args[1]) || !are_limits(args[2])) {
        PyErr_SetString(PyExc_TypeError, "entries(found, names, limits)");
        return NULL;
    }
    PyObject **limits = PySequence_Fast_ITEMS(args[2]);
    Py_ssize_t string = PyLong_AsSsize_t(limits[STRING]), atoms = PyLong_AsSsize_t(limits[ATOMS]);
    int whole = PyObject_IsTrue(limits[WHOLE]);
    PyObject *made = PyErr_Occurred() || whole < 0 ? NULL : PyList_New(0);
    for (Py_ssize_t i = 0; made != NULL && i < PyList_GET_SIZE(args[1]); i++) {
        PyObject *name = Py_NewRef(PyList_GET_ITEM(args[1], i));
        PyObject *value = PyDict_GetItemWithError(args[0], name), *entry = NULL;
        if (value == NULL) {
            Py_DECREF(name);
            if (PyErr_Occurred()) Py_CLEAR(made);
            continue;
        }
        Py_INCREF(value);
        int place;
        PyObject *kind = name_if_shown_as_it_is(value, string, whole, limits[KINDS]), *copy = NULL;
        if (kind != NULL) entry = entry_of(name, value, kind, limits[EMPTY], limits[KEYS]);
        else if ((kind = name_if_not_copied(value, limits[COPIED])) != NULL) {
            entry = entry_of(name, value, kind, limits[EMPTY], limits[KEYS]);
            Py_DECREF(kind);
        } else if ((copy = copy_of_atoms(value, atoms, string, &place)) != NULL) {
            entry = entry_of(name, copy, PyTuple_GET_ITEM(limits[KINDS], place), limits[EMPTY], limits[KEYS]);
            Py_DECREF(copy);
        } else if (!PyErr_Occurred()) {
            PyObject *given[] = {name, value};
            entry = untraced(limits[OTHER], given, 2);
        }
        Py_DECREF(name);
        Py_DECREF(value);
        if (entry == NULL || PyList_Append(made, entry) < 0) Py_CLEAR(made);
        Py_XDECREF(entry);
    }
    return made;
}
