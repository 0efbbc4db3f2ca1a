/* Recorded values as msgpack: the same bytes as msgpack's own packer writes with follow/trace/values.py as its default.

   Values of follow's own classes, tuples and sets become extension types here, without a Python call each; whatever else
   comes is what `default` makes of it. */
#include "pack.h"

#define MOST_NESTED 511 /* as in msgpack */
#define LARGE (1 << 20) /* bytes: from there on more room is made in smaller steps */

/* -- bytes ------------------------------------------------------------------------------------------- */

static int make_room(Bytes *out, size_t more)
{
    if (out->room - out->size >= more) return 0;
    size_t larger = out->room + (out->room < LARGE ? out->room : out->room / 4);
    size_t room = larger > out->size + more ? larger : out->size + more + 256;
    char *data = PyMem_Realloc(out->data, room);
    if (data == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    out->data = data;
    out->room = room;
    return 0;
}

int put(Bytes *out, const void *data, size_t size)
{
    if (make_room(out, size) < 0) return -1;
    memcpy(out->data + out->size, data, size);
    out->size += size;
    return 0;
}

/* A byte and an unsigned integer of so many bytes after it, the highest first. */
static int put_number(Bytes *out, int mark, uint64_t number, int bytes)
{
    if (make_room(out, 9) < 0) return -1;
    char *at = out->data + out->size;
    *at++ = (char)mark;
    for (int shift = 8 * bytes - 8; shift >= 0; shift -= 8) *at++ = (char)(number >> shift);
    out->size += 1 + (size_t)bytes;
    return 0;
}

/* The head of what has a length: marks for lengths within the mark, of 1, 2 and 4 bytes; 0 where there is none. */
static int put_length(Bytes *out, size_t length, int fixed, size_t most_fixed, int one, int two, int four)
{
    if (fixed && length <= most_fixed) return put_number(out, fixed | (int)length, 0, 0);
    if (one && length <= 0xFF) return put_number(out, one, length, 1);
    if (length <= 0xFFFF) return put_number(out, two, length, 2);
    if (length <= 0xFFFFFFFF) return put_number(out, four, length, 4);
    PyErr_SetString(PyExc_ValueError, "a value is too long");
    return -1;
}

int put_list_head(Bytes *out, size_t length) { return put_length(out, length, 0x90, 15, 0, 0xDC, 0xDD); }

/* What was written from `start` on becomes the content of an extension type: its head is put before it. */
static int enclose(Bytes *out, size_t start, int code)
{
    size_t length = out->size - start;
    Bytes head = {NULL, 0, 0, NULL};
    int fixed = length == 1 ? 0xD4 : length == 2 ? 0xD5 : length == 4 ? 0xD6 : length == 8 ? 0xD7 : length == 16 ? 0xD8 : 0;
    int failed = fixed ? put_number(&head, fixed, 0, 0) : put_length(&head, length, 0, 0, 0xC7, 0xC8, 0xC9);
    failed = failed || put_number(&head, code, 0, 0) < 0 || make_room(out, head.size) < 0;
    if (!failed) {
        memmove(out->data + start + head.size, out->data + start, length);
        memcpy(out->data + start, head.data, head.size);
        out->size += head.size;
    }
    PyMem_Free(head.data);
    return failed ? -1 : 0;
}

/* -- values ------------------------------------------------------------------------------------------ */

/* 1 if the integer is too large for msgpack. */
int put_int(Bytes *out, PyObject *value)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow > 0) {
        unsigned long long large = PyLong_AsUnsignedLongLong(value);
        if (large == (unsigned long long)-1 && PyErr_Occurred()) {
            PyErr_Clear();
            return 1;
        }
        return put_number(out, 0xCF, large, 8);
    }
    if (overflow < 0) return 1;
    if (number >= 0) {
        if (number < 0x80) return put_number(out, (int)number, 0, 0);
        if (number <= 0xFF) return put_number(out, 0xCC, (uint64_t)number, 1);
        if (number <= 0xFFFF) return put_number(out, 0xCD, (uint64_t)number, 2);
        if (number <= 0xFFFFFFFF) return put_number(out, 0xCE, (uint64_t)number, 4);
        return put_number(out, 0xCF, (uint64_t)number, 8);
    }
    if (number >= -0x20) return put_number(out, (int)(number & 0xFF), 0, 0);
    if (number >= -0x80) return put_number(out, 0xD0, (uint64_t)number, 1);
    if (number >= -0x8000) return put_number(out, 0xD1, (uint64_t)number, 2);
    if (number >= -0x80000000LL) return put_number(out, 0xD2, (uint64_t)number, 4);
    return put_number(out, 0xD3, (uint64_t)number, 8);
}

static int put_float(Bytes *out, PyObject *value)
{
    double number = PyFloat_AS_DOUBLE(value);
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return put_number(out, 0xCB, bits, 8);
}

static int put_text(Bytes *out, PyObject *value)
{
#if PY_VERSION_HEX < 0x030C0000
    if (PyUnicode_READY(value) < 0) return -1;
#endif
    if (PyUnicode_IS_COMPACT_ASCII(value)) {
        size_t length = (size_t)PyUnicode_GET_LENGTH(value);
        if (put_length(out, length, 0xA0, 31, 0xD9, 0xDA, 0xDB) < 0) return -1;
        return put(out, PyUnicode_1BYTE_DATA(value), length);
    }
    PyObject *encoded = PyUnicode_AsEncodedString(value, "utf-8", "surrogatepass");
    if (encoded == NULL) return -1;
    size_t length = (size_t)PyBytes_GET_SIZE(encoded);
    int failed = put_length(out, length, 0xA0, 31, 0xD9, 0xDA, 0xDB) < 0 || put(out, PyBytes_AS_STRING(encoded), length) < 0;
    Py_DECREF(encoded);
    return failed ? -1 : 0;
}

static int put_bytes(Bytes *out, const char *data, size_t length)
{
    return put_length(out, length, 0, 0, 0xC4, 0xC5, 0xC6) < 0 ? -1 : put(out, data, length);
}

/* The items of a list or tuple. `default` may run Python code: so the length is looked at again each time. */
static int put_items(Packer *self, Bytes *out, PyObject *items, int depth)
{
    Py_ssize_t count = PySequence_Fast_GET_SIZE(items);
    if (put_list_head(out, (size_t)count) < 0) return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (i >= PySequence_Fast_GET_SIZE(items)) {
            PyErr_SetString(PyExc_ValueError, "a list changed while it was written");
            return -1;
        }
        PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(items, i));
        int failed = put_value(self, out, item, depth + 1);
        Py_DECREF(item);
        if (failed) return -1;
    }
    return 0;
}

static int put_dict(Packer *self, Bytes *out, PyObject *value, int depth)
{
    Py_ssize_t count = PyDict_GET_SIZE(value), at = 0, found = 0;
    PyObject *key, *item;
    if (put_length(out, (size_t)count, 0x80, 15, 0, 0xDE, 0xDF) < 0) return -1;
    while (found < count && PyDict_Next(value, &at, &key, &item)) {
        Py_INCREF(key);
        Py_INCREF(item);
        int failed = put_value(self, out, key, depth + 1) < 0 || put_value(self, out, item, depth + 1) < 0;
        Py_DECREF(key);
        Py_DECREF(item);
        if (failed) return -1;
        found++;
    }
    if (found == count && PyDict_GET_SIZE(value) == count) return 0;
    PyErr_SetString(PyExc_ValueError, "a dict changed while it was written");
    return -1;
}

/* A value of a class that is known: 1 if it is none. */
static int put_known(Packer *self, Bytes *out, PyObject *value, int depth)
{
    Known *known = self->known;
    while (known < self->known + self->count && known->kind != Py_TYPE(value)) known++;
    if (known == self->known + self->count) return 1;
    size_t start = out->size;
    if (known->count == 0) {
        PyObject *items = PySequence_Fast(value, "items");
        int failed = items == NULL || put_items(self, out, items, depth) < 0;
        Py_XDECREF(items);
        if (failed) return -1;
    } else {
        if (put_list_head(out, (size_t)known->count) < 0) return -1;
        for (int i = 0; i < known->count; i++) {
            PyObject *item = PyObject_GenericGetAttr(value, known->names[i]);
            int failed = item == NULL || put_value(self, out, item, depth + 1) < 0;
            Py_XDECREF(item);
            if (failed) return -1;
        }
    }
    return enclose(out, start, known->code);
}

/* An extension type: 1 if it is none. */
static int put_extension(Packer *self, Bytes *out, PyObject *value)
{
    if (Py_TYPE(value) != self->extension || PyTuple_GET_SIZE(value) != 2 || !PyBytes_Check(PyTuple_GET_ITEM(value, 1)))
        return 1;
    long code = PyLong_AsLong(PyTuple_GET_ITEM(value, 0));
    PyObject *data = PyTuple_GET_ITEM(value, 1);
    size_t start = out->size;
    if (code == -1 && PyErr_Occurred()) return -1;
    if (put(out, PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data)) < 0) return -1;
    return enclose(out, start, (int)code);
}

/* What `default` makes of a value, or has made of it. */
static int put_other(Packer *self, Bytes *out, PyObject *value, int depth)
{
    PyObject *found = NULL;
    int done = 1;
    if (Py_TYPE(value) == self->keeping) {
        if ((found = PyObject_GenericGetAttr(value, self->packed)) == NULL) return -1;
        done = put_extension(self, out, found);
    }
    if (done > 0) {
        Py_XSETREF(found, PyObject_CallOneArg(self->default_, value));
        if (found == NULL) return -1;
        done = put_extension(self, out, found);
    }
    if (done > 0) done = put_value(self, out, found, depth + 1);
    Py_DECREF(found);
    return done;
}

/* A container, a value of a known class, or one for `default`. */
static int put_large(Packer *self, Bytes *out, PyObject *value, int depth)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyList_Type) return put_items(self, out, value, depth);
    if (kind == &PyDict_Type) return put_dict(self, out, value, depth);
    if (kind == &PyBytes_Type) return put_bytes(out, PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value));
    if (kind == &PyByteArray_Type)
        return put_bytes(out, PyByteArray_AS_STRING(value), (size_t)PyByteArray_GET_SIZE(value));
    int done = put_known(self, out, value, depth);
    return done > 0 ? put_other(self, out, value, depth) : done;
}

int put_value(Packer *self, Bytes *out, PyObject *value, int depth)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (depth > MOST_NESTED) {
        PyErr_SetString(PyExc_ValueError, "recursion limit exceeded");
        return -1;
    }
    if (kind == &PyLong_Type) {
        int done = put_int(out, value);
        return done > 0 ? put_other(self, out, value, depth) : done;
    }
    if (kind == &PyFloat_Type) return put_float(out, value);
    if (kind == &PyUnicode_Type) return put_text(out, value);
    if (value == Py_None) return put_number(out, 0xC0, 0, 0);
    if (kind == &PyBool_Type) return put_number(out, value == Py_True ? 0xC3 : 0xC2, 0, 0);
    if (out->spans == NULL || depth != EVENT_VALUES) return put_large(self, out, value, depth);
    Span *span = &out->spans[((uintptr_t)value >> 4 ^ (uintptr_t)value >> 12) & (SPANS - 1)];
    if (span->value == value) {
        if (make_room(out, span->size) < 0) return -1;
        memcpy(out->data + out->size, out->data + span->start, span->size);
        out->size += span->size;
        return 0;
    }
    size_t start = out->size;
    if (put_large(self, out, value, depth) < 0) return -1;
    *span = (Span){value, start, out->size - start};
    return 0;
}

/* -- the type ---------------------------------------------------------------------------------------- */

static PyObject *packer_call(Packer *self, PyObject *value)
{
    Span spans[SPANS];
    Bytes out = {NULL, 0, 0, NULL};
    PyObject *packed = NULL;
    if (PyList_CheckExact(value) && PyList_GET_SIZE(value) == 2 && PyUnicode_CheckExact(PyList_GET_ITEM(value, 0)) &&
        PyList_CheckExact(PyList_GET_ITEM(value, 1))) {
        memset(spans, 0, sizeof spans);
        out.spans = spans;
    }
    if (make_room(&out, 1024) == 0 && put_value(self, &out, value, 0) == 0)
        packed = PyBytes_FromStringAndSize(out.data, (Py_ssize_t)out.size);
    PyMem_Free(out.data);
    return packed;
}

static int packer_clear(Packer *self)
{
    Py_CLEAR(self->default_);
    Py_CLEAR(self->extension);
    Py_CLEAR(self->keeping);
    Py_CLEAR(self->packed);
    for (Py_ssize_t i = 0; i < self->count; i++) {
        Py_CLEAR(self->known[i].kind);
        for (int j = 0; j < MOST_FIELDS; j++) Py_CLEAR(self->known[i].names[j]);
    }
    self->count = 0;
    return 0;
}

static int packer_traverse(Packer *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->default_);
    Py_VISIT(self->extension);
    Py_VISIT(self->keeping);
    for (Py_ssize_t i = 0; i < self->count; i++) Py_VISIT(self->known[i].kind);
    return 0;
}

static void packer_dealloc(Packer *self)
{
    PyTypeObject *kind = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    packer_clear(self);
    PyMem_Free(self->known);
    kind->tp_free((PyObject *)self);
    Py_DECREF(kind);
}

/* `known` is a tuple of (class, code, names of attributes). */
static PyObject *packer_new(PyTypeObject *kind, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"default", "extension", "keeping", "known", NULL};
    PyObject *default_, *known;
    PyTypeObject *extension, *keeping;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "$OO!O!O!:Packer", names, &default_, &PyType_Type, &extension, &PyType_Type, &keeping,
            &PyTuple_Type, &known))
        return NULL;
    Packer *self = (Packer *)kind->tp_alloc(kind, 0);
    if (self == NULL) return NULL;
    self->default_ = Py_NewRef(default_);
    self->extension = (PyTypeObject *)Py_NewRef((PyObject *)extension);
    self->keeping = (PyTypeObject *)Py_NewRef((PyObject *)keeping);
    self->packed = PyUnicode_InternFromString("packed");
    self->known = PyMem_Calloc((size_t)PyTuple_GET_SIZE(known) + 1, sizeof(Known));
    if (self->known == NULL || self->packed == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(known); i++) {
        Known *one = &self->known[i];
        PyObject *cls, *fields;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(known, i), "O!iO!", &PyType_Type, &cls, &one->code, &PyTuple_Type, &fields) ||
            PyTuple_GET_SIZE(fields) > MOST_FIELDS) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "Packer: too many attributes");
            Py_DECREF(self);
            return NULL;
        }
        one->kind = (PyTypeObject *)Py_NewRef(cls);
        one->count = (int)PyTuple_GET_SIZE(fields);
        for (int j = 0; j < one->count; j++) one->names[j] = Py_NewRef(PyTuple_GET_ITEM(fields, j));
        self->count = i + 1;
    }
    return (PyObject *)self;
}

static PyMethodDef packer_methods[] = {
    {"pack", (PyCFunction)(void *)packer_call, METH_O, "A value as msgpack."},
    {"pack_events", (PyCFunction)(void *)packer_events, METH_FASTCALL, "Events as columns, and how many they are."},
    {NULL, NULL, 0, NULL}};

static PyType_Slot packer_slots[] = {
    {Py_tp_doc, "Writes recorded values as msgpack."},
    {Py_tp_new, (void *)packer_new},
    {Py_tp_dealloc, (void *)packer_dealloc},
    {Py_tp_traverse, (void *)packer_traverse},
    {Py_tp_clear, (void *)packer_clear},
    {Py_tp_methods, packer_methods},
    {0, NULL}};

PyType_Spec packer_spec = {
    "follow._native.Packer", sizeof(Packer), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, packer_slots};
