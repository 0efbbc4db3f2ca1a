/* The probes of a module's own statements, which mostly run once: each makes a record of all of the module's variables, as
   FirstRecords.own_record does in follow/firstrecords.py. */
#include "native.h"
#ifndef _WIN32
#include <time.h>
#endif

enum { CLOCK = 0, THREAD = 1, CELLS = 2 }; /* where what stands in a call's state: follow/state.py */
enum { FIRST, FUNCTION, NAMES, ENTRIES, CLOCK_, THREADS, WORDS_, COMMON }; /* what all probes of a module share */
/* What is named in these words, which Python code gives: _WORDS in follow/firstrecords.py. */
enum { KEY_FUNCTION, KEY_INSTRUCTION, KEY_TIME, KEY_VARIABLES, EMIT, GIVE_WAY, DROPPED, FAILED, OWN_RECORD, WORDS };

static inline PyObject *word(Own *self, int which)
{
    return PyTuple_GET_ITEM(PyTuple_GET_ITEM(self->common, WORDS_), which);
}

static int read_clock(Own *self, double *seconds)
{
    PyObject *clock = PyTuple_GET_ITEM(self->common, CLOCK_);
#if defined(CLOCK_MONOTONIC) && !defined(_WIN32)
    if (clock == Py_None) {
        struct timespec found;
        clock_gettime(CLOCK_MONOTONIC, &found);
        *seconds = (double)((long long)found.tv_sec * 1000000000 + found.tv_nsec) / 1e9;
        return 0;
    }
#endif
    PyObject *found = untraced(clock, NULL, 0);
    *seconds = found == NULL ? -1 : PyFloat_AsDouble(found);
    Py_XDECREF(found);
    return *seconds == -1 && PyErr_Occurred() ? -1 : 0;
}

/* Put a new number at a place. */
static int set_number(PyObject **place, double number)
{
    PyObject *new = PyFloat_FromDouble(number);
    if (new == NULL) return -1;
    Py_XSETREF(*place, new);
    return 0;
}

/* The entries of those of the names that may be bound: the bits of `possible` tell which. */
static PyObject *variables_of(Own *self, PyObject *found)
{
    PyObject *names = PyTuple_GET_ITEM(self->common, NAMES);
    size_t count = (size_t)PyTuple_GET_SIZE(names);
    unsigned char few[FEW_BITS], *bits = bits_of(self->possible, count, few);
    Py_ssize_t room = 0, at = 0;
    const Entries *limits = (Entries *)PyTuple_GET_ITEM(self->common, ENTRIES);
    if (bits == NULL) return NULL;
    for (size_t i = 0; i < count; i++) room += bits[i / 8] >> i % 8 & 1;
    PyObject *made = list_with_room(room);
    for (size_t i = 0; made != NULL && i < count; i++)
        if (bits[i / 8] >> i % 8 & 1 && add_entry(made, found, PyTuple_GET_ITEM(names, (Py_ssize_t)i), limits, &at) < 0)
            clear_beside_error(&made);
    if (bits != few) PyMem_Free(bits);
    return made;
}

static PyObject *record_of(Own *self, PyObject *variables, double milliseconds)
{
    PyObject *record = PyDict_New(), *time = PyFloat_FromDouble(milliseconds);
    if (record == NULL || time == NULL
        || PyDict_SetItem(record, word(self, KEY_FUNCTION), PyTuple_GET_ITEM(self->common, FUNCTION)) < 0
        || PyDict_SetItem(record, word(self, KEY_INSTRUCTION), self->instruction) < 0
        || PyDict_SetItem(record, word(self, KEY_TIME), time) < 0
        || PyDict_SetItem(record, word(self, KEY_VARIABLES), variables) < 0)
        Py_CLEAR(record);
    Py_XDECREF(time);
    return record;
}

/* Call a method of the FirstRecords whose probe this is. */
static int ask(Own *self, int what, PyObject *one, PyObject *other)
{
    PyObject *args[] = {PyTuple_GET_ITEM(self->common, FIRST), one, other};
    size_t count = 1 + (one != NULL) + (other != NULL);
    PyObject *done = PyObject_VectorcallMethod(word(self, what), args, count, NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* Make the record and hand it over. */
static int tell(Own *self, PyObject *found, double milliseconds)
{
    PyObject *variables = variables_of(self, found);
    PyObject *record = variables == NULL ? NULL : record_of(self, variables, milliseconds);
    Py_XDECREF(variables);
    PyObject *emit = record == NULL ? NULL : PyObject_GetAttr(PyTuple_GET_ITEM(self->common, FIRST), word(self, EMIT));
    PyObject *done = emit == NULL ? NULL : PyObject_CallOneArg(emit, record);
    Py_XDECREF(emit);
    Py_XDECREF(record);
    Py_XDECREF(done);
    if (done == NULL) return -1;
    return ++self->times > self->most ? ask(self, GIVE_WAY, self->number, NULL) : 0;
}

/* The record could not be made or handed over: -1 if the program is to know of it. */
static int fail(Own *self, PyObject *thread, PyObject **busy, int *dropped)
{
    PyObject *kind, *error, *traceback;
    Py_XSETREF(*busy, Py_NewRef(Py_False)); /* whatever happens now: a thread that stays busy tells nothing any more */
    if ((*dropped = no_room_left())) return ask(self, DROPPED, NULL, NULL) < 0 && !no_room_left() ? -1 : 0;
    PyErr_Fetch(&kind, &error, &traceback);
    PyErr_NormalizeException(&kind, &error, &traceback);
    if (traceback != NULL) PyException_SetTraceback(error, traceback);
    int failed = ask(self, FAILED, error, thread);
    Py_XDECREF(kind);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
    return failed < 0 && !(*dropped = no_room_left()) ? -1 : 0;
}

static PyObject *run(PyObject *callable, PyObject *const *args, size_t flags, PyObject *keywords)
{
    Own *self = (Own *)callable;
    PyObject *state = PyVectorcall_NARGS(flags) ? args[0] : NULL, *thread, *found;
    if (state == NULL || keywords != NULL || !PyList_CheckExact(state) || PyList_GET_SIZE(state) <= CELLS) {
        PyErr_SetString(PyExc_TypeError, "a probe is given the state of a call");
        return NULL;
    }
    thread = PyList_GET_ITEM(state, THREAD);
    found = PyList_GET_ITEM(state, CELLS);
    if ((PyObject *)Py_TYPE(thread) != PyTuple_GET_ITEM(self->common, THREADS)) {
        PyErr_SetString(PyExc_TypeError, "a call has the state of a thread");
        return NULL;
    }
    PyObject **busy = (PyObject **)((char *)thread + self->busy), **overhead = (PyObject **)((char *)thread + self->overhead);
    PyObject *before = PyList_GET_ITEM(state, CLOCK);
    if (*busy != Py_False) Py_RETURN_NONE;
    if (!PyDict_CheckExact(found)) { /* code that runs in a namespace of another type: it is Python's task */
        PyObject *given[] = {PyTuple_GET_ITEM(self->common, FIRST), self->number, self->instruction, self->possible, state};
        return PyObject_VectorcallMethod(word(self, OWN_RECORD), given, 5, NULL);
    }
    double time, spent, clock = PyFloat_AsDouble(before);
    if (*overhead == NULL || read_clock(self, &time) < 0 || (spent = PyFloat_AsDouble(*overhead), PyErr_Occurred())) return NULL;
    int dropped = 0, failed;
    Py_INCREF(self);
    Py_INCREF(state);
    Py_INCREF(thread);
    Py_INCREF(found);
    Py_XSETREF(*busy, Py_NewRef(Py_True));
    failed = tell(self, found, (time - clock - spent) * 1e3) < 0 && fail(self, thread, busy, &dropped) < 0;
    if (!failed && !dropped) {
        Py_XSETREF(*busy, Py_NewRef(Py_False));
        spent = *overhead == NULL ? 0 : PyFloat_AsDouble(*overhead);
        time -= spent;
        double now;
        failed = PyErr_Occurred() || PyList_GET_SIZE(state) <= CELLS
                 || set_number(&PySequence_Fast_ITEMS(state)[CLOCK], time) < 0 || read_clock(self, &now) < 0
                 || set_number(overhead, now - time) < 0;
    }
    Py_DECREF(found);
    Py_DECREF(thread);
    Py_DECREF(state);
    Py_DECREF(self);
    if (failed) return NULL;
    Py_RETURN_NONE;
}

/* -- making them ----------------------------------------------------------------------------------------------------- */

/* `own_probes(first, own, entries, threads, clock, most, words)`: by site, of the statements that `own` (follow.model.Own) knows.

   `first` is the FirstRecords that they belong to; `threads` the class of what is known of a thread; `clock` gives the time
   in seconds, None stands for the system's; so often (`most`) they run before they give way. */
PyObject *own_probes(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    Own like = {.vectorcall = run};
    PyTypeObject *entries = type_in(module, "Entries");
    if (entries == NULL) return NULL;
    int are_entries = count == 7 && Py_IS_TYPE(args[2], entries);
    Py_DECREF(entries);
    if (!are_entries || !is_own(args[1]) || !PyType_Check(args[3])
        || !(like.busy = slot_in((PyTypeObject *)args[3], "busy"))
        || !(like.overhead = slot_in((PyTypeObject *)args[3], "overhead")) || !PyTuple_CheckExact(args[6])
        || PyTuple_GET_SIZE(args[6]) != WORDS) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "own_probes(first, own, entries, threads, clock, most, words)");
        return NULL;
    }
#if !defined(CLOCK_MONOTONIC) || defined(_WIN32)
    if (args[4] == Py_None) {
        PyErr_SetString(PyExc_ValueError, "own_probes() needs a clock on this system.");
        return NULL;
    }
#endif
    like.most = PyLong_AsLong(args[5]);
    if (like.most == -1 && PyErr_Occurred()) return NULL;
    like.common = PyTuple_Pack(COMMON, args[0], PyTuple_GET_ITEM(args[1], 0), PyTuple_GET_ITEM(args[1], 1), args[2], args[4],
                               args[3], args[6]);
    PyObject *found = like.common == NULL ? NULL : own_made(module, &like, args[1], -1);
    Py_XDECREF(like.common);
    return found;
}
