/* The probes of statements in functions: each makes a record of the call's variables, as the code in follow/template.py and
   FirstRecords._record do. */
#include "record.h"

enum { OF_VARIABLES, OF_RETURN, OF_YIELD }; /* what a record shows: the last two are of what is returned or yielded */

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *common, *function, *instruction;
    PyObject *shown, *stores, *clears; /* tuples, as in follow.model.Site; `shown` as in entries_of_call */
    PyObject *extras;  /* gives the further fields, by the state of a call; or None */
    Slots slots;
    Py_ssize_t flag;   /* where a call's state has whether a record is made; -1 of one that is made in any case */
    int suspends;      /* whether a call may go on in another thread */
    int gives;         /* whether it is given a value first, which it gives back */
    int returns, what; /* whether it is a return, and what is shown */
} CallRecord;

/* What a probe was given. */
typedef struct {
    const CallRecord *self;
    PyObject *value;
    PyObject *const *values;
    Py_ssize_t count;
} Given;

static PyObject **slot_of(PyObject *state, PyObject *number)
{
    Py_ssize_t at = PyLong_AsSsize_t(number);
    if (at >= 0 && at < PyList_GET_SIZE(state) - SLOTS_AT) return &PySequence_Fast_ITEMS(state)[SLOTS_AT + at];
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "a call has no such slot");
    return NULL;
}

/* Keep in the state of a call what its variables are. */
static int store(const CallRecord *self, PyObject *state, PyObject *const *values, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self->stores); i++) {
        PyObject *one = PyTuple_GET_ITEM(self->stores, i), **place = slot_of(state, PyTuple_GET_ITEM(one, 0));
        Py_ssize_t at = place == NULL ? -1 : PyLong_AsSsize_t(PyTuple_GET_ITEM(one, 1));
        if (at < 0 || at >= count) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "a probe is given what it stores");
            return -1;
        }
        Py_SETREF(*place, Py_NewRef(values[at]));
    }
    return 0;
}

/* Variables are not bound any more. */
static int clear_slots(const CallRecord *self, PyObject *state)
{
    PyObject *missing = ((Entries *)PyTuple_GET_ITEM(self->common, ENTRIES_OF))->missing;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self->clears); i++) {
        PyObject **place = slot_of(state, PyTuple_GET_ITEM(self->clears, i));
        if (place == NULL) return -1;
        Py_SETREF(*place, Py_NewRef(missing));
    }
    return 0;
}

/* A list of the one entry of what is returned. */
static PyObject *returned(const Given *given)
{
    PyObject *words = PyTuple_GET_ITEM(given->self->common, WORDS_OF), *made = PyList_New(1);
    const Entries *limits = (Entries *)PyTuple_GET_ITEM(given->self->common, ENTRIES_OF);
    PyObject *entry = made == NULL ? NULL : entry_for(PyTuple_GET_ITEM(words, RETURN), given->value, limits);
    if (entry == NULL) clear_beside_error(&made);
    else PyList_SET_ITEM(made, 0, entry);
    return made;
}

/* A list of the one entry of what was yielded, which the state of the call holds. */
static PyObject *yielded(const Given *given, PyObject *state)
{
    PyObject *words = PyTuple_GET_ITEM(given->self->common, WORDS_OF), *held = PyList_GET_ITEM(state, YIELDED_AT);
    PyObject *entry = PyObject_CallMethodNoArgs(held, PyTuple_GET_ITEM(words, ENTRY)), *made = NULL;
    if (entry != NULL && (made = PyList_New(1)) != NULL) PyList_SET_ITEM(made, 0, Py_NewRef(entry));
    Py_XDECREF(entry);
    return made;
}

/* Make the record and hand it over. */
static int tell(const void *telling, PyObject *state, double milliseconds)
{
    const Given *given = telling;
    const CallRecord *self = given->self;
    const Entries *limits = (Entries *)PyTuple_GET_ITEM(self->common, ENTRIES_OF);
    PyObject *variables = self->what == OF_RETURN  ? returned(given)
                          : self->what == OF_YIELD ? yielded(given, state)
                                                   : entries_of_call(limits, self->shown, state, given->values, given->count);
    PyObject *record = NULL;
    if (variables != NULL) record = record_of(self->common, self->function, self->instruction, variables, milliseconds);
    if (record != NULL && self->extras != Py_None) {
        PyObject *extras = PyObject_CallOneArg(self->extras, state);
        if (extras == NULL || PyDict_Update(record, extras) < 0) clear_beside_error(&record);
        Py_XDECREF(extras);
    }
    return hand_over(self->common, &self->slots, record, variables);
}

/* What is known of the thread in which a call goes on; NULL without an error where there is no room on the stack to see. */
static PyObject *thread_of(const CallRecord *self, PyObject *state)
{
    if (!is_state(state)) return NULL; /* what was let go just now may have found it */
    if (!self->suspends) return Py_NewRef(PyList_GET_ITEM(state, THREAD_AT));
    PyObject *words = PyTuple_GET_ITEM(self->common, WORDS_OF);
    PyObject *found = PyObject_GetAttr(PyTuple_GET_ITEM(self->common, ONE_OF), PyTuple_GET_ITEM(words, STATE));
    if (found == NULL && PyErr_ExceptionMatches(PyExc_RecursionError)) PyErr_Clear();
    return found;
}

static int run_here(const CallRecord *self, PyObject *state, const Given *given)
{
    if (store(self, state, given->values, given->count) < 0 || (!self->returns && clear_slots(self, state) < 0)) return -1;
    if (self->flag >= 0) {
        int made = self->flag < PyList_GET_SIZE(state) ? PyObject_IsTrue(PyList_GET_ITEM(state, self->flag)) : 0;
        if (made <= 0) return made;
    }
    PyObject *thread = thread_of(self, state);
    if (thread == NULL) return PyErr_Occurred() ? -1 : 0;
    int done = run_probe(self->common, state, thread, &self->slots, tell, given);
    Py_DECREF(thread);
    return done <= 0 ? done : self->returns ? clear_slots(self, state) : 0; /* its own record still shows them */
}

static PyObject *run(PyObject *callable, PyObject *const *args, size_t flags, PyObject *keywords)
{
    CallRecord *self = (CallRecord *)callable;
    Py_ssize_t count = PyVectorcall_NARGS(flags) - 1 - self->gives;
    if (count < 0 || keywords != NULL) {
        PyErr_SetString(PyExc_TypeError, "a probe is given the state of a call and its variables");
        return NULL;
    }
    Given given = {self, self->gives ? args[1] : Py_None, args + 1 + self->gives, count};
    if (!is_state(args[0])) return NULL;
    Py_INCREF(self);
    int failed = run_here(self, args[0], &given) < 0;
    Py_DECREF(self);
    return failed ? NULL : Py_NewRef(given.value);
}

/* -- the type --------------------------------------------------------------------------------------------------------- */

static int are_pairs(PyObject *items)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items); i++) {
        PyObject *one = PyTuple_GET_ITEM(items, i);
        if (!PyTuple_Check(one) || PyTuple_GET_SIZE(one) != 2) return 0;
    }
    return 1;
}

static int are_shown(PyObject *items)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items); i++)
        if (!is_shown(PyTuple_GET_ITEM(items, i))) return 0;
    return 1;
}

PyObject *call_record(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    enum { SITE = 5, EXTRAS = 6, THREADS = 7, FLAGS = 8, COUNT };
    PyObject *site = count == COUNT ? args[SITE] : NULL;
    CallRecord like = {.vectorcall = run};
    if (site == NULL || !PyTuple_CheckExact(site) || PyTuple_GET_SIZE(site) != 6 || !PyTuple_CheckExact(args[FLAGS])) {
        PyErr_SetString(PyExc_TypeError, "call_record(first, entries, threads, clock, words, site, extras, local, flags)");
        return NULL;
    }
    if (!PyArg_ParseTuple(site, "OOO!O!O!i", &like.function, &like.instruction, &PyTuple_Type, &like.shown, &PyTuple_Type,
                          &like.stores, &PyTuple_Type, &like.clears, &like.what)
        || !PyArg_ParseTuple(args[FLAGS], "nppp", &like.flag, &like.suspends, &like.gives, &like.returns))
        return NULL;
    if (!are_shown(like.shown) || !are_pairs(like.stores) || like.what < OF_VARIABLES || like.what > OF_YIELD) {
        PyErr_SetString(PyExc_TypeError, "call_record(): a site shows names with places, and stores what it is given");
        return NULL;
    }
    like.common = common_of(module, args, &like.slots, args[THREADS], Py_None);
    PyTypeObject *kind = like.common == NULL ? NULL : type_in(module, "CallRecord");
    CallRecord *self = kind == NULL ? NULL : (CallRecord *)kind->tp_alloc(kind, 0);
    Py_XDECREF(kind);
    if (self == NULL) {
        Py_XDECREF(like.common);
        return NULL;
    }
    like.ob_base = self->ob_base;
    *self = like;
    Py_INCREF(self->function);
    Py_INCREF(self->instruction);
    Py_INCREF(self->shown);
    Py_INCREF(self->stores);
    Py_INCREF(self->clears);
    self->extras = Py_NewRef(args[EXTRAS]);
    return (PyObject *)self;
}

static int traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(((CallRecord *)object)->common);
    Py_VISIT(((CallRecord *)object)->extras);
    return 0;
}

static int clear(PyObject *object)
{
    (void)object; /* what follow's Python code holds breaks its cycles */
    return 0;
}

static void dealloc(PyObject *object)
{
    CallRecord *self = (CallRecord *)object;
    PyTypeObject *kind = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_CLEAR(self->common);
    Py_CLEAR(self->function);
    Py_CLEAR(self->instruction);
    Py_CLEAR(self->shown);
    Py_CLEAR(self->stores);
    Py_CLEAR(self->clears);
    Py_CLEAR(self->extras);
    kind->tp_free(object);
    Py_DECREF(kind);
}

static PyMemberDef members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(CallRecord, vectorcall), Py_READONLY, NULL}, {NULL, 0, 0, 0, NULL}};

static PyType_Slot slots[] = {
    {Py_tp_doc, "The probe of a statement in a function."},
    {Py_tp_call, (void *)PyVectorcall_Call},
    {Py_tp_dealloc, (void *)dealloc},
    {Py_tp_traverse, (void *)traverse},
    {Py_tp_clear, (void *)clear},
    {Py_tp_members, members},
    {0, NULL}};

PyType_Spec call_record_spec = {
    "follow._native.CallRecord", sizeof(CallRecord), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION
        | Py_TPFLAGS_IMMUTABLETYPE, slots};
