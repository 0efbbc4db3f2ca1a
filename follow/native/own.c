/* The probes of a module's own statements, which mostly run once: one object for each, made all at once. What they do when
   they are called is in ownrecord.c and ownevent.c. */
#include "native.h"

unsigned char *bits_of(PyObject *number, size_t count, unsigned char *few)
{
    size_t size = count / 8 + 2;
    unsigned char *bits = size > FEW_BITS ? PyMem_Malloc(size) : few;
    if (bits == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030D0000
    int failed = _PyLong_AsByteArray((PyLongObject *)number, bits, size, 1, 0, 1);
#else
    int failed = _PyLong_AsByteArray((PyLongObject *)number, bits, size, 1, 0);
#endif
    if (!failed) return bits;
    if (bits != few) PyMem_Free(bits);
    return NULL;
}

int is_own(PyObject *own)
{
    return PyTuple_Check(own) && PyTuple_GET_SIZE(own) == 5 && PyTuple_CheckExact(PyTuple_GET_ITEM(own, 1))
           && PyDict_CheckExact(PyTuple_GET_ITEM(own, 3));
}

static PyObject *made(PyTypeObject *kind, const Own *like, PyObject *number, PyObject *statement)
{
    PyObject **items = PyTuple_CheckExact(statement) && PyTuple_GET_SIZE(statement) == 3 ? PySequence_Fast_ITEMS(statement) : NULL;
    if (items == NULL || !PyLong_CheckExact(items[1]) || (items[2] != Py_None && !PyTuple_CheckExact(items[2]))) {
        PyErr_SetString(PyExc_TypeError, "a statement is its instruction, which names may be bound, and what changes");
        return NULL;
    }
    Own *self = (Own *)kind->tp_alloc(kind, 0);
    if (self == NULL) return NULL;
    self->vectorcall = like->vectorcall;
    self->common = Py_NewRef(like->common);
    self->number = Py_NewRef(number);
    self->instruction = Py_NewRef(items[0]);
    self->possible = Py_NewRef(items[1]);
    self->changes = Py_NewRef(items[2]);
    self->slots = like->slots;
    return (PyObject *)self;
}

/* The id of a statement's event: see id_of in follow/events.py. */
static PyObject *id_of(Py_ssize_t base, PyObject *number)
{
    Py_ssize_t site = PyLong_AsSsize_t(number);
    return site == -1 && PyErr_Occurred() ? NULL : PyLong_FromSsize_t(base + 3 * site);
}

PyObject *own_made(PyObject *module, const Own *like, PyObject *own, Py_ssize_t base)
{
    PyTypeObject *kind = type_in(module, "Own");
    PyObject *found = kind == NULL ? NULL : PyDict_New(), *number, *statement;
    for (Py_ssize_t at = 0; found != NULL && PyDict_Next(PyTuple_GET_ITEM(own, 3), &at, &number, &statement);) {
        PyObject *id = base < 0 ? Py_NewRef(number) : id_of(base, number);
        PyObject *probe = id == NULL ? NULL : made(kind, like, id, statement);
        if (probe == NULL || PyDict_SetItem(found, number, probe) < 0) Py_CLEAR(found);
        Py_XDECREF(id);
        Py_XDECREF(probe);
    }
    Py_XDECREF(kind);
    return found;
}

static int traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(((Own *)object)->common);
    return 0;
}

static int clear(PyObject *object)
{
    (void)object; /* what follow's Python code holds breaks its cycles */
    return 0;
}

static void dealloc(PyObject *object)
{
    Own *self = (Own *)object;
    PyTypeObject *kind = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_CLEAR(self->common);
    Py_CLEAR(self->number);
    Py_CLEAR(self->instruction);
    Py_CLEAR(self->possible);
    Py_CLEAR(self->changes);
    kind->tp_free(object);
    Py_DECREF(kind);
}

static PyMemberDef members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Own, vectorcall), Py_READONLY, NULL}, {NULL, 0, 0, 0, NULL}};

static PyType_Slot slots[] = {
    {Py_tp_doc, "The probe of a module's own statement."},
    {Py_tp_call, (void *)PyVectorcall_Call},
    {Py_tp_dealloc, (void *)dealloc},
    {Py_tp_traverse, (void *)traverse},
    {Py_tp_clear, (void *)clear},
    {Py_tp_members, members},
    {0, NULL}};

PyType_Spec own_spec = {
    "follow._native.Own", sizeof(Own), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION
        | Py_TPFLAGS_IMMUTABLETYPE, slots};
