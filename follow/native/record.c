/* Records, and how they are handed over: what the probes of a module's own statements and those of calls have in common. */
#include "record.h"
#ifndef _WIN32
#include <time.h>
#endif

static inline PyObject *word(PyObject *common, int which)
{
    return PyTuple_GET_ITEM(PyTuple_GET_ITEM(common, WORDS_OF), which);
}

int has_clock(PyObject *clock)
{
#if defined(CLOCK_MONOTONIC) && !defined(_WIN32)
    (void)clock;
#else
    if (clock == Py_None) {
        PyErr_SetString(PyExc_ValueError, "a clock is needed on this system");
        return 0;
    }
#endif
    return 1;
}

int read_clock(PyObject *common, double *seconds)
{
    PyObject *clock = PyTuple_GET_ITEM(common, CLOCK_OF);
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

PyObject *record_of(PyObject *common, PyObject *function, PyObject *instruction, PyObject *variables, double milliseconds)
{
    PyObject *time = PyFloat_FromDouble(milliseconds), *values[] = {function, instruction, time, variables};
    if (time == NULL) return NULL;
    PyObject *record = filled_record(word(common, EMPTY), PySequence_Fast_ITEMS(PyTuple_GET_ITEM(common, WORDS_OF)), values);
    Py_DECREF(time);
    return record;
}

int ask_first(PyObject *common, int what, PyObject *one, PyObject *other)
{
    PyObject *args[] = {PyTuple_GET_ITEM(common, FIRST_OF), one, other};
    size_t count = 1 + (one != NULL) + (other != NULL);
    PyObject *done = PyObject_VectorcallMethod(word(common, what), args, count, NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* What takes records: nearly always a slot of the FirstRecords has it. */
static PyObject *emit_of(PyObject *common, const Slots *slots)
{
    PyObject *first = PyTuple_GET_ITEM(common, FIRST_OF);
    PyObject *emit = slots->emit ? *(PyObject **)((char *)first + slots->emit) : NULL;
    return emit != NULL ? Py_NewRef(emit) : PyObject_GetAttr(first, word(common, EMIT));
}

int hand_over(PyObject *common, const Slots *slots, PyObject *record, PyObject *variables)
{
    PyObject *emit = record == NULL ? NULL : emit_of(common, slots);
    PyObject *done = emit == NULL ? NULL : PyObject_CallOneArg(emit, record);
    int failed = done == NULL;
    Py_XDECREF(emit);
    Py_XDECREF(done);
    if (record != NULL) record_again(record, word(common, EMPTY), PySequence_Fast_ITEMS(PyTuple_GET_ITEM(common, WORDS_OF)));
    if (!failed) use_again(variables, (Entries *)PyTuple_GET_ITEM(common, ENTRIES_OF));
    Py_XDECREF(variables);
    return failed ? -1 : 0;
}

/* The record could not be made or handed over: -1 if the program is to know of it. */
static int fail(PyObject *common, PyObject *thread, PyObject **busy, int *dropped)
{
    PyObject *kind, *error, *traceback;
    Py_XSETREF(*busy, Py_NewRef(Py_False)); /* whatever happens now: a thread that stays busy tells nothing any more */
    if ((*dropped = no_room_left())) return ask_first(common, DROPPED, NULL, NULL) < 0 && !no_room_left() ? -1 : 0;
    PyErr_Fetch(&kind, &error, &traceback);
    PyErr_NormalizeException(&kind, &error, &traceback);
    if (traceback != NULL) PyException_SetTraceback(error, traceback);
    PyObject *context = PyException_GetContext(error), *now;
    int failed = ask_first(common, FAILED, error, thread);
    if (failed < 0) { /* raised again it has got what the program handles for its context: it keeps its own */
        Py_XDECREF(kind);
        Py_XDECREF(traceback);
        PyErr_Fetch(&kind, &now, &traceback);
        if (now == error && context != NULL) PyException_SetContext(error, Py_NewRef(context));
        PyErr_Restore(kind, now, traceback);
        kind = traceback = NULL;
    }
    Py_XDECREF(context);
    Py_XDECREF(kind);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
    return failed < 0 && !(*dropped = no_room_left()) ? -1 : 0;
}

int is_state(PyObject *state)
{
    if (PyList_CheckExact(state) && PyList_GET_SIZE(state) >= SLOTS_AT) return 1;
    PyErr_SetString(PyExc_TypeError, "a probe is given the state of a call");
    return 0;
}

int run_probe(PyObject *common, PyObject *state, PyObject *thread, const Slots *slots, Tell tell, const void *telling)
{
    if (!is_state(state)) return -1; /* what was let go just now may have found it */
    if ((PyObject *)Py_TYPE(thread) != PyTuple_GET_ITEM(common, THREADS_OF)) {
        PyErr_SetString(PyExc_TypeError, "a call has the state of a thread");
        return -1;
    }
    PyObject **busy = (PyObject **)((char *)thread + slots->busy);
    PyObject **overhead = (PyObject **)((char *)thread + slots->overhead);
    if (*busy != Py_False) return 0;
    double time, now, spent = *overhead == NULL ? 0 : PyFloat_AsDouble(*overhead);
    double clock = PyFloat_AsDouble(PyList_GET_ITEM(state, CLOCK_AT));
    if (PyErr_Occurred()) return -1;
    int dropped = 0;
    if (read_clock(common, &time) < 0) return fail(common, thread, busy, &dropped) < 0 ? -1 : 0;
    Py_XSETREF(*busy, Py_NewRef(Py_True));
    if (tell(telling, state, (time - clock - spent) * 1e3) < 0 && fail(common, thread, busy, &dropped) < 0) return -1;
    if (dropped) return 0;
    Py_XSETREF(*busy, Py_NewRef(Py_False));
    spent = *overhead == NULL ? 0 : PyFloat_AsDouble(*overhead);
    time -= spent;
    int failed = PyErr_Occurred() || PyList_GET_SIZE(state) < SLOTS_AT
                 || set_number(&PySequence_Fast_ITEMS(state)[CLOCK_AT], time) < 0 || read_clock(common, &now) < 0
                 || set_number(overhead, now - time) < 0;
    if (failed && PyErr_Occurred() && no_room_left()) return 1; /* the times of the next record are not right */
    return failed ? -1 : 1;
}

PyObject *common_of(PyObject *module, PyObject *const *args, Slots *slots, PyObject *one, PyObject *other)
{
    PyTypeObject *entries = type_in(module, "Entries");
    if (entries == NULL) return NULL;
    int are_entries = Py_IS_TYPE(args[1], entries);
    Py_DECREF(entries);
    if (!are_entries || !PyType_Check(args[2]) || !(slots->busy = slot_in((PyTypeObject *)args[2], "busy"))
        || !(slots->overhead = slot_in((PyTypeObject *)args[2], "overhead")) || !PyTuple_CheckExact(args[4])
        || PyTuple_GET_SIZE(args[4]) != WORDS || !PyDict_CheckExact(PyTuple_GET_ITEM(args[4], EMPTY))) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "a probe of records needs other things");
        return NULL;
    }
    slots->emit = slot_in(Py_TYPE(args[0]), "emit");
    if (PyErr_Occurred() || !has_clock(args[3])) return NULL;
    return PyTuple_Pack(COMMON, args[0], args[1], args[2], args[3], args[4], one, other);
}
