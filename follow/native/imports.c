/* What makes imports of followed modules fast: code is completed in place, and a module's variables are told. */
#include "native.h"

/* -- the gaps among the constants of code that was unpacked ------------------------------------------------------- */

static Py_ssize_t number_at(PyObject *numbers, Py_ssize_t index)
{
    if (PyBytes_CheckExact(numbers)) return (unsigned char)PyBytes_AS_STRING(numbers)[index];
    return PyLong_AsSsize_t(PyTuple_GET_ITEM(numbers, index));
}

static Py_ssize_t count_of(PyObject *numbers)
{
    if (PyBytes_CheckExact(numbers)) return PyBytes_GET_SIZE(numbers);
    return PyTuple_CheckExact(numbers) ? PyTuple_GET_SIZE(numbers) : -1;
}

/* Puts something into a gap, of which the tuple owns None. */
static int fill_gap(PyObject *constants, Py_ssize_t place, PyObject *value)
{
    if (value == NULL) return -1;
    if (place < 0 || place >= PyTuple_GET_SIZE(constants) || PyTuple_GET_ITEM(constants, place) != Py_None) {
        Py_DECREF(value);
        PyErr_SetString(PyExc_ValueError, "the code has no gap there");
        return -1;
    }
    PyTuple_SET_ITEM(constants, place, value);
    Py_DECREF(Py_None);
    return 0;
}

typedef PyObject *Filling(Py_ssize_t number, PyObject *from, Py_ssize_t base);

static PyObject *listed(Py_ssize_t number, PyObject *from, Py_ssize_t base)
{
    (void)base;
    if (number >= 0 && number < PyList_GET_SIZE(from)) return Py_NewRef(PyList_GET_ITEM(from, number));
    PyErr_SetString(PyExc_ValueError, "nothing has that number");
    return NULL;
}

static PyObject *counted(Py_ssize_t number, PyObject *from, Py_ssize_t base)
{
    (void)from;
    return PyLong_FromSsize_t(base + number);
}

static int fill_gaps(PyObject *constants, PyObject *places, PyObject *numbers, Filling filling, PyObject *from,
                     Py_ssize_t base)
{
    Py_ssize_t count = count_of(places);
    if (count < 0 || count != count_of(numbers)) {
        PyErr_SetString(PyExc_ValueError, "the gaps and what fills them are not as many");
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        if (fill_gap(constants, number_at(places, i), filling(number_at(numbers, i), from, base)) < 0) return -1;
    return 0;
}

#if PY_VERSION_HEX < 0x030E0000

static int complete_one(PyObject *piece, PyObject *made, Py_ssize_t base, PyObject *done)
{
    if (!PyTuple_CheckExact(piece) || PyTuple_GET_SIZE(piece) != 8 || !PyCode_Check(PyTuple_GET_ITEM(piece, 0))) {
        PyErr_SetString(PyExc_ValueError, "that is no piece of code");
        return -1;
    }
    PyObject *code = PyTuple_GET_ITEM(piece, 0), *constants = ((PyCodeObject *)code)->co_consts;
    Py_ssize_t first = PyLong_AsSsize_t(PyTuple_GET_ITEM(piece, 4));
    if (first == -1 && PyErr_Occurred()) return -1;
    if (fill_gaps(constants, PyTuple_GET_ITEM(piece, 1), PyTuple_GET_ITEM(piece, 2), listed, made, 0) < 0
        || fill_gaps(constants, PyTuple_GET_ITEM(piece, 3), PyTuple_GET_ITEM(piece, 5), counted, NULL, base + first) < 0
        || fill_gaps(constants, PyTuple_GET_ITEM(piece, 6), PyTuple_GET_ITEM(piece, 7), listed, done, 0) < 0)
        return -1;
    /* The collector no longer looks into tuples in which it has only found atoms. */
    if (PyTuple_GET_SIZE(constants) && !PyObject_GC_IsTracked(constants)) PyObject_GC_Track(constants);
    return PyList_Append(done, code);
}

PyObject *completed(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 3 || !PyTuple_CheckExact(args[0]) || !PyList_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "completed(codes, made, base)");
        return NULL;
    }
    Py_ssize_t base = PyLong_AsSsize_t(args[2]), size = PyTuple_GET_SIZE(args[0]);
    if (base == -1 && PyErr_Occurred()) return NULL;
    PyObject *done = PyList_New(0);
    if (done == NULL) return NULL;
    for (Py_ssize_t i = 0; i < size; i++)
        if (complete_one(PyTuple_GET_ITEM(args[0], i), args[1], base, done) < 0) {
            Py_DECREF(done);
            return NULL;
        }
    PyObject *last = size ? Py_NewRef(PyList_GET_ITEM(done, size - 1)) : NULL;
    Py_DECREF(done);
    if (last == NULL) PyErr_SetString(PyExc_ValueError, "there is no code");
    return last;
}

#else

PyObject *completed(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module, (void)args, (void)count;
    Py_RETURN_NONE; /* later interpreters may do something with constants when they make code */
}

#endif

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
