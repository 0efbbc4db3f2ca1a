/* The forms of values where objects are recorded with their attributes: what is not made in C is left as holes, which
   Python code fills once all the rest is made. So the program's objects are looked at in one go, with the GIL held. */
#include "native.h"

int note_hole(Work *work, PyObject *into, PyObject *key, Py_ssize_t index)
{
    if (work->holes_count == work->holes_room) {
        Py_ssize_t room = work->holes_room * 4;
        Hole *holes = PyMem_New(Hole, room);
        if (holes == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        memcpy(holes, work->holes, (size_t)work->holes_count * sizeof(Hole));
        if (work->holes != work->few) PyMem_Free(work->holes);
        work->holes = holes;
        work->holes_room = room;
    }
    PyObject *value = Py_NewRef(work->hole);
    work->holes[work->holes_count++] =
        (Hole){Py_NewRef(into), Py_XNewRef(key), index, value, work->level, work->hole_depth};
    work->hole = NULL;
    return 0;
}

/* What Python code makes of a value, as it is now. */
static PyObject *leaf(Work *work, PyObject *value, int level, int depth)
{
    if (work->of->leaf == NULL) return Py_NewRef(work->of->lost); /* the collector has been here */
    tracing_off();
    PyObject *form = PyObject_CallFunction(work->of->leaf, "Oiin", value, level, depth, work->nodes);
    tracing_on();
    if (form != NULL) return form;
    if (!no_room_left()) return NULL;
    objects_forget(work->of->told); /* what was told is not */
    return Py_NewRef(work->of->lost);
}

static int fill(Hole *hole, PyObject *form)
{
    if (PyDict_CheckExact(hole->into)) return PyDict_SetItem(hole->into, hole->key, form);
    PyObject **items = PyList_CheckExact(hole->into) ? ((PyListObject *)hole->into)->ob_item
                                                     : ((PyTupleObject *)hole->into)->ob_item;
    Py_SETREF(items[hole->index], Py_NewRef(form));
    return 0;
}

/* Python code makes what is still missing; -1 with an error that is the program's. */
static int fill_holes(Work *work)
{
    int failed = 0;
    for (Py_ssize_t i = 0; i < work->holes_count; i++) {
        Hole *hole = &work->holes[i];
        PyObject *form = failed ? Py_NewRef(work->of->lost) : leaf(work, hole->value, hole->level, hole->depth);
        failed |= form == NULL;
        if (form == NULL) form = Py_NewRef(work->of->lost);
        PyObject *kind, *error, *traceback;
        PyErr_Fetch(&kind, &error, &traceback);
        if (fill(hole, form) < 0) PyErr_Clear();
        PyErr_Restore(kind, error, traceback);
        Py_DECREF(form);
        Py_DECREF(hole->into);
        Py_XDECREF(hole->key);
        Py_DECREF(hole->value); /* this may run code of the program's */
    }
    if (work->holes != work->few) PyMem_Free(work->holes);
    if (failed) objects_forget(work->of->told);
    return failed ? -1 : 0;
}

/* The form of a value that is not plain, objects with their attributes; `depth` is 0 for a variable's own value. */
static PyObject *told(Snapshots *self, PyObject *value, int level, int depth, PyObject *given, int *same)
{
    Hole few[FEW_HOLES];
    Work work = {
        .of = self, .nodes = self->nodes, .level = level, .holes_room = FEW_HOLES, .holes = few, .few = few};
    snapshot_begin(self);
    int simple = 0;
    int enabled = PyGC_Disable(); /* a finalizer could change what is being copied */
    hold_dropped();
    PyObject *form = given != NULL ? object_form(&work, value, given, depth) : form_of(&work, value, depth, &simple);
    if (same != NULL) *same = work.same && work.hole == NULL;
    while (self->staying_count) Py_DECREF(self->staying[--self->staying_count]);
    if (enabled) PyGC_Enable();
    release_dropped();
    if (form == NULL) {
        objects_forget(self->told);
        for (Py_ssize_t i = 0; i < work.holes_count; i++) {
            Py_DECREF(work.holes[i].into);
            Py_XDECREF(work.holes[i].key);
            Py_DECREF(work.holes[i].value);
        }
        if (work.holes != work.few) PyMem_Free(work.holes);
        return PyErr_Occurred() && !no_room_left() ? NULL : Py_NewRef(self->lost);
    }
    snapshot_weigh(self, self->nodes - work.nodes + work.weight);
    self->kept_items += work.weight;
    if (work.hole != NULL) Py_SETREF(form, leaf(&work, value, level, depth));
    if (form == NULL) objects_forget(self->told); /* what was told is not */
    if (work.holes_count && fill_holes(&work) < 0) Py_CLEAR(form);
    return form;
}

PyObject *told_form(Snapshots *self, PyObject *value, int level, int depth, PyObject *given)
{
    return told(self, value, level, depth, given, NULL);
}

/* The same of what may have changed; None of an object that is as it was told, unless the statement assigns in it. */
PyObject *told_change(Snapshots *self, PyObject *value, int level)
{
    PyTypeObject *kind = Py_TYPE(value);
    int tells = level & TELLS;
    level &= ~TELLS;
    int same = 0, changes = kind == &PyList_Type || kind == &PyTuple_Type || kind == &PyDict_Type || kind == &PySet_Type;
    for (Py_ssize_t i = 0; !changes && i < PyTuple_GET_SIZE(self->others); i++)
        changes = (PyObject *)kind == PyTuple_GET_ITEM(self->others, i);
    if (changes) return told_form(self, value, level ? level : 1, 0, NULL);
    int has = level ? has_attributes(self->told, kind) : 0;
    if (has <= 0) return has < 0 ? NULL : Py_NewRef(Py_None);
    PyObject *form = told(self, value, level, 0, NULL, &same);
    if (form != NULL && same && !tells) Py_SETREF(form, Py_NewRef(Py_None));
    return form;
}
