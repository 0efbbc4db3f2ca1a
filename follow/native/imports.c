/* What makes records of module-level statements fast: a module's variables are told. */
#include "native.h"

/* -- the entries of a module's variables ---------------------------------------------------------------------------- */

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

/* The arguments: the module's dict, names, what makes the entry of another value, how long a string may be and whether
   integers of a machine's word are whole, the names of the types above, an entry without values, and its keys. */
PyObject *entries(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 8 || !PyDict_Check(args[0]) || !PyList_CheckExact(args[1]) || !PyTuple_CheckExact(args[5])
        || PyTuple_GET_SIZE(args[5]) != 9 || !PyDict_CheckExact(args[6]) || !PyTuple_CheckExact(args[7])
        || PyTuple_GET_SIZE(args[7]) != 3) {
        PyErr_SetString(PyExc_TypeError, "entries(found, names, other, string, whole, types, empty, keys)");
        return NULL;
    }
    Py_ssize_t string = PyLong_AsSsize_t(args[3]);
    int whole = PyObject_IsTrue(args[4]);
    PyObject *made = (string == -1 && PyErr_Occurred()) || whole < 0 ? NULL : PyList_New(0);
    for (Py_ssize_t i = 0; made != NULL && i < PyList_GET_SIZE(args[1]); i++) {
        PyObject *name = Py_NewRef(PyList_GET_ITEM(args[1], i));
        PyObject *value = PyDict_GetItemWithError(args[0], name), *entry = NULL;
        if (value == NULL) {
            Py_DECREF(name);
            if (PyErr_Occurred()) Py_CLEAR(made);
            continue;
        }
        Py_INCREF(value);
        PyObject *kind = name_if_shown_as_it_is(value, string, whole, args[5]);
        if (kind != NULL) entry = entry_of(name, value, kind, args[6], args[7]);
        else {
            PyObject *given[] = {name, value};
            entry = PyObject_Vectorcall(args[2], given, 2, NULL);
        }
        Py_DECREF(name);
        Py_DECREF(value);
        if (entry == NULL || PyList_Append(made, entry) < 0) Py_CLEAR(made);
        Py_XDECREF(entry);
    }
    return made;
}
