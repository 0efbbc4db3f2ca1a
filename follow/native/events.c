/* A recorder's buffer and its clock: the type, and how all that was recorded is taken out. */
#include "events.h"

/* `taken(list, *items)`: all items of a list, which is left with those, and with as much room as it had.

   The new list is not the collector's business: what is recorded holds none of the program's objects, and no cycles. */
PyObject *taken(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count < 1 || !PyList_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "only of a list all items can be taken");
        return NULL;
    }
    PyListObject *from = (PyListObject *)args[0];
    Py_ssize_t room = from->allocated > count ? from->allocated : count;
    PyObject *new = PyList_New(0);
    PyObject **items = new == NULL ? NULL : PyMem_New(PyObject *, room);
    if (items == NULL) {
        Py_XDECREF(new);
        return PyErr_NoMemory();
    }
    for (Py_ssize_t i = 1; i < count; i++) items[i - 1] = Py_NewRef(args[i]);
    PyObject_GC_UnTrack(new);
    PyListObject *to = (PyListObject *)new;
    to->ob_item = from->ob_item;
    to->allocated = from->allocated;
    Py_SET_SIZE(to, Py_SIZE(from));
    from->ob_item = items;
    from->allocated = room;
    Py_SET_SIZE(from, count - 1);
    return new;
}

PyObject *events_time(Events *self) { return time_of(self); }

int events_add(Events *self, PyObject **items, Py_ssize_t count) { return emit(self, items, count); }

int events_look(Events *self) { return look(self, NULL); }

/* -- the type --------------------------------------------------------------------------------------------------------- */

/* What breaks cycles, no more: a finalizer may run followed code while the collector is at it. */
static int events_clear(Events *self)
{
    Py_CLEAR(self->look);
    Py_CLEAR(self->begun);
    Py_CLEAR(self->ended);
    Py_CLEAR(self->extend);
    return 0;
}

static int events_traverse(Events *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->buffer);
    Py_VISIT(self->limit);
    Py_VISIT(self->outer);
    Py_VISIT(self->look);
    Py_VISIT(self->begun);
    Py_VISIT(self->ended);
    Py_VISIT(self->extend);
    Py_VISIT(self->now);
    return 0;
}

static void events_dealloc(Events *self)
{
    PyTypeObject *kind = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    events_clear(self);
    Py_CLEAR(self->buffer);
    Py_CLEAR(self->limit);
    Py_CLEAR(self->outer);
    Py_CLEAR(self->now);
    Py_CLEAR(self->thread);
    Py_CLEAR(self->known);
    kind->tp_free((PyObject *)self);
    Py_DECREF(kind);
}

static PyObject *events_new(PyTypeObject *kind, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"buffer", "limit", "outer", "look", "begun", "ended", "extend", "now", NULL};
    PyObject *buffer, *limit, *outer, *look, *begun, *ended, *extend, *now;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$O!OOOOOOO:Events", names, &PyList_Type, &buffer, &limit, &outer,
                                     &look, &begun, &ended, &extend, &now))
        return NULL;
    PyObject **limit_value = number_in(limit), **outer_value = limit_value == NULL ? NULL : number_in(outer);
    if (outer_value == NULL) return NULL;
#if !defined(CLOCK_MONOTONIC) || defined(_WIN32)
    if (now == Py_None) {
        PyErr_SetString(PyExc_ValueError, "Events needs a clock on this system.");
        return NULL;
    }
#endif
    Events *self = (Events *)kind->tp_alloc(kind, 0);
    if (self == NULL) return NULL;
    self->buffer = Py_NewRef(buffer);
    self->limit = Py_NewRef(limit);
    self->outer = Py_NewRef(outer);
    self->limit_value = limit_value;
    self->outer_value = outer_value;
    self->look = Py_NewRef(look);
    self->begun = Py_NewRef(begun);
    self->ended = Py_NewRef(ended);
    self->extend = extend == Py_None ? NULL : Py_NewRef(extend);
    self->now = now == Py_None ? NULL : Py_NewRef(now);
    return (PyObject *)self;
}

static PyType_Slot events_slots[] = {
    {Py_tp_doc, "A recorder's buffer and its clock, as probes use them."},
    {Py_tp_new, (void *)events_new},
    {Py_tp_dealloc, (void *)events_dealloc},
    {Py_tp_traverse, (void *)events_traverse},
    {Py_tp_clear, (void *)events_clear},
    {0, NULL}};

PyType_Spec events_spec = {
    "follow._native.Events", sizeof(Events), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, events_slots};
