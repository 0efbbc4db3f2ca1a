/* What stands for values in a recording: objects of follow's own classes, made without calling these. */
#include "native.h"

static const char *const NAMES[] = {"number", "content", "type", "length", "shown", "name", "packed", "function", "method",
                                   "text", "module", "__name__", "builtin_function_or_method", "str"};
enum { NUMBER, CONTENT, TYPE, LENGTH, SHOWN, NAME, PACKED, FUNCTION, METHOD_NAME, TEXT, MODULE_NAME, NAME_OF, BUILTIN, STR };

int forms_begin(Snapshots *self)
{
    for (int i = 0; i < SNAPSHOT_NAMES; i++)
        if ((self->names[i] = PyUnicode_InternFromString(NAMES[i])) == NULL) return -1;
    return 0;
}

/* An object with attributes: the indices of their names, and their values. */
static PyObject *made(Snapshots *self, PyTypeObject *kind, const int *names, PyObject *const *values, int count)
{
    PyObject *new = kind->tp_alloc(kind, 0);
    for (int i = 0; new != NULL && i < count; i++)
        if (PyObject_GenericSetAttr(new, self->names[names[i]], values[i]) < 0) Py_CLEAR(new);
    if (new != NULL) without_collector(self, new);
    return new;
}

/* A new object that holds two others in its slots; mostly no form is in a cycle that the collector had to find. */
static PyObject *pair(Snapshots *self, PyTypeObject *kind, Py_ssize_t at, PyObject *one, Py_ssize_t other_at, PyObject *other)
{
    PyObject *new = kind->tp_alloc(kind, 0);
    if (new == NULL) return NULL;
    *(PyObject **)((char *)new + at) = Py_NewRef(one);
    *(PyObject **)((char *)new + other_at) = Py_NewRef(other);
    without_collector(self, new);
    return new;
}

PyObject *tagged(Snapshots *self, PyObject *value, PyObject *content)
{
    PyObject *number = PyLong_FromVoidPtr(value);
    if (number == NULL) return NULL;
    PyObject *new = pair(self, self->tagged, self->tagged_number, number, self->tagged_content, content);
    Py_DECREF(number);
    return new;
}

PyObject *instance(Snapshots *self, PyObject *name, PyObject *attributes)
{
    return pair(self, self->instance, self->instance_type, name, self->instance_attributes, attributes);
}

static const int SHORTENED[] = {TYPE, LENGTH, SHOWN};

PyObject *many_attributes(Snapshots *self, Py_ssize_t count)
{
    PyObject *number = PyLong_FromSsize_t(count);
    if (number == NULL) return NULL;
    PyObject *values[] = {self->attributes_word, number, Py_None};
    PyObject *new = made(self, self->shortened, SHORTENED, values, 3);
    Py_DECREF(number);
    return new;
}

PyObject *shown_of(Snapshots *self, PyObject *value, Py_ssize_t length, PyObject *shown)
{
    if (shown == NULL) return NULL;
    PyObject *name = PyUnicode_InternFromString(Py_TYPE(value)->tp_name);
    PyObject *number = PyLong_FromSsize_t(length);
    PyObject *new = NULL;
    if (name != NULL && number != NULL) {
        PyObject *values[] = {name, number, shown};
        new = made(self, self->shortened, SHORTENED, values, 3);
    }
    Py_XDECREF(name);
    Py_XDECREF(number);
    Py_DECREF(shown);
    return new;
}

PyObject *shortened(Snapshots *self, PyObject *value, Py_ssize_t length, PyObject *shown)
{
    PyObject *new = shown_of(self, value, length, shown);
    if (new == NULL || PyTuple_CheckExact(value) || PyFrozenSet_CheckExact(value)) return new; /* those cannot change */
    PyObject *result = tagged(self, value, new);
    Py_DECREF(new);
    return result;
}

PyObject *shortened_text(Snapshots *self, PyObject *value)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(value);
    uintptr_t key = key_of(value, OF_CUT);
    Kept *entry = kept(self, key);
    if (entry != NULL && entry->length == length && PyUnicode_CheckExact(entry->shown)
        && PyUnicode_Tailmatch(value, entry->shown, 0, length, -1) == 1)
        return Py_NewRef(entry->form);
    PyObject *shown = PyUnicode_Substring(value, 0, self->string);
    PyObject *form = shown == NULL ? NULL : shown_of(self, value, length, Py_NewRef(shown));
    if (form != NULL) keep(self, key, form, shown, length, 0);
    Py_XDECREF(shown);
    return form;
}

/* A description of an object with a name of its own; `kind` is an index of NAMES. */
static PyObject *described_by_name(Snapshots *self, int kind, PyObject *name)
{
    static const int names[] = {TYPE, NAME, PACKED, TEXT};
    PyObject *values[] = {self->names[kind], name, Py_None, Py_None};
    return made(self, self->descriptions, names, values, 4);
}

/* The same; perhaps it was made before. */
static PyObject *named(Snapshots *self, PyObject *object, int variant, int kind, PyObject *name)
{
    uintptr_t key = key_of(object, variant);
    Kept *entry = kept(self, key);
    if (entry != NULL && entry->shown == name) return Py_NewRef(entry->form); /* it holds the name, so that is the same */
    PyObject *new = described_by_name(self, kind, name);
    if (new != NULL) keep(self, key, new, name, 0, 0);
    return new;
}

/* The name of a type of C, which never dies. */
static const char *name_of_static(PyTypeObject *kind)
{
    const char *dot = strrchr(kind->tp_name, '.');
    return dot == NULL ? kind->tp_name : dot + 1;
}

/* What stands for a function or method of C. */
static PyObject *builtin_form(Snapshots *self, PyObject *value)
{
    PyMethodDef *definition = ((PyCFunctionObject *)value)->m_ml;
    PyObject *of = ((PyCFunctionObject *)value)->m_self;
    if (of != NULL && PyModule_Check(of)) of = NULL;
    if (of != NULL && !PyType_Check(of)) of = (PyObject *)Py_TYPE(of);
    if (of != NULL && PyType_HasFeature((PyTypeObject *)of, Py_TPFLAGS_HEAPTYPE)) return NULL; /* it may die, or be renamed */
    uintptr_t key = key_of(value, OF_FUNCTION);
    Kept *entry = kept(self, key);
    if (entry != NULL && entry->length == (Py_ssize_t)definition && entry->shown == of) return Py_NewRef(entry->form);
    PyObject *name = of == NULL ? PyUnicode_InternFromString(definition->ml_name)
                                : PyUnicode_FromFormat("%s.%s", name_of_static((PyTypeObject *)of), definition->ml_name);
    PyObject *new = name == NULL ? NULL : described_by_name(self, BUILTIN, name);
    Py_XDECREF(name);
    if (new != NULL) keep(self, key, new, of, (Py_ssize_t)definition, 0);
    return new;
}

PyObject *named_form(Snapshots *self, PyObject *value)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyFunction_Type) return named(self, value, OF_FUNCTION, FUNCTION, ((PyFunctionObject *)value)->func_qualname);
    if (kind == &PyMethod_Type) {
        PyObject *function = PyMethod_GET_FUNCTION(value);
        if (Py_TYPE(function) != &PyFunction_Type) return NULL;
        return named(self, function, OF_METHOD, METHOD_NAME, ((PyFunctionObject *)function)->func_qualname);
    }
    if (kind == &PyModule_Type) {
        PyObject *held = PyModule_GetDict(value), *name;
        name = held == NULL ? NULL : PyDict_GetItemWithError(held, self->names[NAME_OF]);
        if (name == NULL) PyErr_Clear();
        return name != NULL && PyUnicode_CheckExact(name) ? named(self, value, OF_MODULE, MODULE_NAME, name) : NULL;
    }
    if (kind == &PyCFunction_Type) return builtin_form(self, value);
    if (!PyType_Check(value)) return NULL;
    if (PyType_HasFeature((PyTypeObject *)value, Py_TPFLAGS_HEAPTYPE))
        return named(self, value, OF_CLASS, TYPE, ((PyHeapTypeObject *)value)->ht_name);
    PyObject *name = PyUnicode_InternFromString(name_of_static((PyTypeObject *)value));
    PyObject *form = name == NULL ? NULL : named(self, value, OF_CLASS, TYPE, name);
    Py_XDECREF(name);
    return form;
}
