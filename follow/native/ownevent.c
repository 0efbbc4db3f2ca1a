/* The probes of a module's own statements for a recorder, as ModuleEvents in follow/moduleevents.py has them: each tells
   which of the module's variables have changed. */
#include "native.h"

enum { CALL = 0, CELLS = 2, SLOTS = 6 };                     /* where what stands in a call's state: follow/state.py */
enum { EVENTS, SNAPSHOTS, NAMES, IS_SAME, DROPPED, COMMON }; /* in `common` */

static PyObject *changed_by(Own *self, PyObject *found, PyObject *last)
{
    PyObject **common = PySequence_Fast_ITEMS(self->common), *names = self->changes;
    Snapshots *snapshots = (Snapshots *)common[SNAPSHOTS];
    if (names != Py_None) return gather_names(snapshots, found, last, names, NULL, common[IS_SAME]);
    names = common[NAMES];
    unsigned char few[FEW_BITS], *bits = bits_of(self->possible, (size_t)PyTuple_GET_SIZE(names), few);
    PyObject *changed = bits == NULL ? NULL : gather_names(snapshots, found, last, names, bits, common[IS_SAME]);
    if (bits != NULL && bits != few) PyMem_Free(bits);
    return changed;
}

/* There was no room for something: what is left is told later. */
static int dropped(Own *self)
{
    if (!no_room_left()) return -1;
    PyObject *done = untraced(PyTuple_GET_ITEM(self->common, DROPPED), NULL, 0);
    if (done == NULL && !no_room_left()) return -1;
    Py_XDECREF(done);
    return 0;
}

static int tell(Own *self, PyObject *state, PyObject *found, PyObject *last)
{
    Events *events = (Events *)PyTuple_GET_ITEM(self->common, EVENTS);
    PyObject *changed = found == Py_None ? PyDict_New() : changed_by(self, found, last);
    if (changed == NULL && (dropped(self) < 0 || (changed = PyDict_New()) == NULL)) return -1;
    PyObject *time = events_time(events);
    if (time == NULL || PyList_GET_SIZE(state) <= SLOTS) {
        Py_XDECREF(time);
        Py_DECREF(changed);
        return time == NULL ? -1 : 0;
    }
    PyObject *items[] = {Py_NewRef(self->number), Py_NewRef(PyList_GET_ITEM(state, CALL)), changed, time};
    return events_add(events, items, 4) < 0 ? -1 : events_look(events);
}

static PyObject *run(PyObject *callable, PyObject *const *args, size_t flags, PyObject *keywords)
{
    Own *self = (Own *)callable;
    PyObject *state = PyVectorcall_NARGS(flags) ? args[0] : NULL, *found = NULL, *last = NULL;
    if (state != NULL && keywords == NULL && PyList_CheckExact(state) && PyList_GET_SIZE(state) > SLOTS) {
        found = PyList_GET_ITEM(state, CELLS);
        last = PyList_GET_ITEM(state, SLOTS);
    }
    if (found == NULL || (found != Py_None && (!PyDict_Check(found) || !PyDict_Check(last)))) {
        PyErr_SetString(PyExc_TypeError, "a probe is given the state of a call");
        return NULL;
    }
    Py_INCREF(self);
    Py_INCREF(state);
    Py_INCREF(found);
    Py_INCREF(last);
    int failed = tell(self, state, found, last) < 0 && dropped(self) < 0;
    Py_DECREF(last);
    Py_DECREF(found);
    Py_DECREF(state);
    Py_DECREF(self);
    if (failed) return NULL;
    Py_RETURN_NONE;
}

/* -- making them ----------------------------------------------------------------------------------------------------- */

/* `own_events(events, snapshots, own, base, is_same, dropped)`: by site, of the statements that `own` (follow.model.Own) knows.

   `base` is the first id of the piece of source; `dropped` is called when there was no room for something. */
PyObject *own_events(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    PyTypeObject *events = type_in(module, "Events"), *snapshots = events == NULL ? NULL : type_in(module, "Snapshots");
    int right = snapshots != NULL && count == 6 && Py_IS_TYPE(args[0], events) && Py_IS_TYPE(args[1], snapshots)
                && is_own(args[2]) && PyLong_CheckExact(args[3]);
    Py_XDECREF(events);
    Py_XDECREF(snapshots);
    Py_ssize_t base = right ? PyLong_AsSsize_t(args[3]) : -1;
    if (base < 0) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "own_events(events, snapshots, own, base, is_same, dropped)");
        return NULL;
    }
    Own like = {.vectorcall = run};
    like.common = PyTuple_Pack(COMMON, args[0], args[1], PyTuple_GET_ITEM(args[2], 1), args[4], args[5]);
    PyObject *found = like.common == NULL ? NULL : own_made(module, &like, args[2], base);
    Py_XDECREF(like.common);
    return found;
}
