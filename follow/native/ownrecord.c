/* The probes of a module's own statements, which mostly run once: each makes a record of all of the module's variables, as
   FirstRecords.own_record does in follow/firstrecords.py. */
#include "record.h"

/* How many of so many bits are set. */
static Py_ssize_t set_bits(const unsigned char *bits, size_t count)
{
    static const char in_half[] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
    Py_ssize_t found = 0;
    for (size_t i = 0; i < count / 8; i++) found += in_half[bits[i] & 15] + in_half[bits[i] >> 4];
    for (size_t i = count & ~(size_t)7; i < count; i++) found += bits[i / 8] >> i % 8 & 1;
    return found;
}

/* The entries of those of the names that may be bound: the bits of `possible` tell which. */
static PyObject *variables_of(const Own *self, PyObject *found)
{
    PyObject *names = PyTuple_GET_ITEM(self->common, OTHER_OF);
    const Entries *limits = (Entries *)PyTuple_GET_ITEM(self->common, ENTRIES_OF);
    size_t count = (size_t)PyTuple_GET_SIZE(names);
    unsigned char few[FEW_BITS], *bits = bits_of(self->possible, count, few);
    if (bits == NULL) return NULL;
    PyObject *made = list_with_room(set_bits(bits, count));
    Py_ssize_t at = 0;
    for (size_t i = 0; made != NULL && i < count; i++) {
        if (!(bits[i / 8] >> i % 8)) i |= 7; /* there are no more in this byte */
        else if (bits[i / 8] >> i % 8 & 1 && add_entry(made, found, PyTuple_GET_ITEM(names, (Py_ssize_t)i), limits, &at) < 0)
            clear_beside_error(&made);
    }
    if (bits != few) PyMem_Free(bits);
    return made;
}

/* Make the record and hand it over. */
static int tell(const void *telling, PyObject *state, double milliseconds)
{
    Own *self = (Own *)telling;
    PyObject *found = Py_NewRef(PyList_GET_ITEM(state, CELLS_AT)), *variables = variables_of(self, found);
    PyObject *function = PyTuple_GET_ITEM(self->common, ONE_OF), *record = NULL;
    if (variables != NULL) record = record_of(self->common, function, self->instruction, variables, milliseconds);
    Py_DECREF(found);
    return hand_over(self->common, &self->slots, record, variables);
}

static PyObject *run(PyObject *callable, PyObject *const *args, size_t flags, PyObject *keywords)
{
    Own *self = (Own *)callable;
    if (PyVectorcall_NARGS(flags) < 1 || keywords != NULL) {
        PyErr_SetString(PyExc_TypeError, "a probe is given the state of a call");
        return NULL;
    }
    PyObject *state = args[0], *thread;
    if (!is_state(state)) return NULL;
    if (!PyDict_CheckExact(PyList_GET_ITEM(state, CELLS_AT))) { /* code that runs in a namespace of another type: Python's task */
        PyObject *words = PyTuple_GET_ITEM(self->common, WORDS_OF);
        PyObject *given[] = {PyTuple_GET_ITEM(self->common, FIRST_OF), self->number, self->instruction, self->possible, state};
        return PyObject_VectorcallMethod(PyTuple_GET_ITEM(words, OWN_RECORD), given, 5, NULL);
    }
    Py_INCREF(self);
    Py_INCREF(state);
    thread = Py_NewRef(PyList_GET_ITEM(state, THREAD_AT));
    int done = run_probe(self->common, state, thread, &self->slots, tell, self);
    Py_DECREF(thread);
    Py_DECREF(state);
    Py_DECREF(self);
    if (done < 0) return NULL;
    Py_RETURN_NONE;
}

/* -- making them ----------------------------------------------------------------------------------------------------- */

/* `own_probes(first, entries, threads, clock, words, own)`: by site, of the statements that `own` (follow.model.Own) knows.

   `first` is the FirstRecords that they belong to; `threads` the class of what is known of a thread; `clock` gives the time
   in seconds, None stands for the system's. */
PyObject *own_probes(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    Own like = {.vectorcall = run};
    if (count != 6 || !is_own(args[5])) {
        PyErr_SetString(PyExc_TypeError, "own_probes(first, entries, threads, clock, words, own)");
        return NULL;
    }
    like.common = common_of(module, args, &like.slots, PyTuple_GET_ITEM(args[5], 0), PyTuple_GET_ITEM(args[5], 1));
    PyObject *found = like.common == NULL ? NULL : own_made(module, &like, args[5], -1);
    Py_XDECREF(like.common);
    return found;
}
