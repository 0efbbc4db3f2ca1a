/* What the followed code calls: a probe notes one event.

   It does what the code that follow/inline.py writes out does, in one call: it takes the values that it is given, or
   finds them in the call's table and cells, makes of each what it is now, takes the time, and adds all of it to the
   recorder's buffer at once. Nothing runs between the first item added and the last. */
#include "events.h"

enum { CALL = 0, CELLS = 2, YIELDED = 3, SLOTS = 6 }; /* where what stands in a call's state: follow/state.py */
enum { RECORD, ENTER, YIELD, PYTHON };                /* the kinds of probes */
enum { AT_ARGUMENT, AT_SLOT, AT_CELL, AT_GLOBAL };               /* where a value is found */
enum {
    SHOWS = 1,         /* the value that it gives back is the event's last */
    HIDES = 2,         /* but it is a secret */
    SHOWS_NONE = 4,    /* None is the event's last value */
    SHOWS_YIELDED = 8, /* what was yielded is */
    TOGETHER = 16,     /* what has changed comes as one list */
    LOOKS = 32,        /* sees whether there is something to hand over */
    CLEARS_LAST = 64,  /* what it unbinds still shows in its own event */
    STATELESS = 128,   /* of an ENTER: the state is the call's number alone */
    CHECKS = 512,      /* sees whether the outermost call ends */
    REFERS = 1024,     /* nothing ran that may have changed the object that the event's last value is */
    UNLESS_ATOM = 256, /* nothing but what is bound has changed if that cannot change */
};
#define ROOM 40

/* -- a probe ----------------------------------------------------------------------------------------- */

typedef struct {
    short place;
    char secret, refers, level; /* whether it is one; whether an object is as it was told; how closely to look at one */
    int index;
} Where;

typedef struct {
    int count;
    Where *items;
} Wheres;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *make, *name; /* what gives the rest when it is first called, and its argument */
    int gives;             /* 1: a value is given back; -1: there is no going on without what it gives */
    Events *events;
    Snapshots *snapshots;
    PyObject *few, *all, *some; /* the ids of the event's forms; NULL where there are none */
    PyObject *calls, *begin;    /* of an ENTER: what gives numbers; what tells of the call's begin, or NULL. Of a PYTHON
                                   the second is the function that does it all. */
    PyObject *globals;          /* a tuple: the names of the module's variables that are looked at, or tuples: of what modules hold */
    int kind, flags, exact, slots;
    Wheres bound, cells, again, bases, stores, clears;
} Probe;

static PyObject *run(PyObject *, PyObject *const *, size_t, PyObject *);
static PyObject *start(PyObject *, PyObject *const *, size_t, PyObject *);

/* The item of a call's state; NULL if it is no state of such a length. Borrowed. */
static inline PyObject *state_item(PyObject *state, Py_ssize_t index)
{
    return PyList_Check(state) && index < PyList_GET_SIZE(state) ? PyList_GET_ITEM(state, index) : NULL;
}

static int set_state(PyObject *state, Py_ssize_t index, PyObject *value)
{
    if (state_item(state, index) == NULL) return 0;
    PyObject *before = PyList_GET_ITEM(state, index);
    PyList_SET_ITEM(state, index, Py_NewRef(value));
    Py_DECREF(before); /* this may run code of the program's */
    return 0;
}

/* What the module's variable holds that the followed function sees, or that of a module which it holds; NULL if it is
   not bound. Borrowed. */
static PyObject *global_at(Probe *self, Py_ssize_t index)
{
    PyObject *module = PyEval_GetGlobals();
    if (module == NULL || !PyDict_Check(module) || self->globals == NULL || index >= PyTuple_GET_SIZE(self->globals))
        return NULL;
    PyObject *name = PyTuple_GET_ITEM(self->globals, index), *found = module;
    Py_ssize_t count = PyTuple_CheckExact(name) ? PyTuple_GET_SIZE(name) : 1;
    for (Py_ssize_t part = 0; found != NULL && part < count; part++) {
        PyObject *key = PyTuple_CheckExact(name) ? PyTuple_GET_ITEM(name, part) : name;
        if (part > 0) found = PyModule_CheckExact(found) ? PyModule_GetDict(found) : NULL;
        if (found != NULL) found = PyDict_GetItemWithError(found, key);
    }
    if (found == NULL) PyErr_Clear();
    return count ? found : NULL;
}

/* What is found at a place: a value, a cell, or what stands for an unbound variable. A new reference. */
static PyObject *found_at(Probe *self, Where *where, PyObject *state, PyObject *const *args, Py_ssize_t count)
{
    PyObject *found = NULL;
    if (where->place == AT_ARGUMENT) {
        if (where->index < count) found = args[where->index];
    } else if (where->place == AT_SLOT) {
        found = state_item(state, SLOTS + where->index);
    } else if (where->place == AT_GLOBAL) {
        found = global_at(self, where->index);
    } else {
        PyObject *cells = state_item(state, CELLS);
        if (cells != NULL && PyTuple_Check(cells) && where->index < PyTuple_GET_SIZE(cells))
            found = PyTuple_GET_ITEM(cells, where->index);
    }
    return Py_NewRef(found == NULL ? self->snapshots->missing : found);
}

/* A value that the probe was given; NULL where it is found elsewhere, or a secret. Borrowed. */
static inline PyObject *given(Where *where, PyObject *const *args, Py_ssize_t count)
{
    return where->place == AT_ARGUMENT && !where->secret && where->index < count ? args[where->index] : NULL;
}

/* Whether a value is what an event keeps as it is, whatever the limits: most of what loops and arithmetic bind. */
static inline int is_number(PyObject *value)
{
    PyTypeObject *kind = Py_TYPE(value);
    return kind == &PyLong_Type || kind == &PyFloat_Type || value == Py_None || kind == &PyBool_Type;
}

/* What the event says of the value at a place. */
static inline PyObject *value_at(Probe *self, Where *where, PyObject *state, PyObject *const *args, Py_ssize_t count)
{
    PyObject *plain = given(where, args, count);
    if (plain != NULL && is_number(plain)) return Py_NewRef(plain);
    PyObject *value = found_at(self, where, state, args, count), *form;
    if (where->place == AT_CELL && !where->secret) {
        form = snapshot_cell(self->snapshots, value);
    } else if (where->secret) {
        if (where->place == AT_CELL) Py_SETREF(value, Py_XNewRef(PyCell_Check(value) ? PyCell_GET(value) : NULL));
        if (value == NULL) return Py_NewRef(self->snapshots->missing);
        form = snapshot_hidden(self->snapshots, value);
    } else {
        form = snapshot_of(self->snapshots, value, 1, where->refers);
    }
    Py_DECREF(value);
    return form;
}

static inline PyObject *change_at(Probe *self, Where *where, PyObject *state, PyObject *const *args, Py_ssize_t count)
{
    PyObject *plain = given(where, args, count);
    if (plain != NULL && is_number(plain)) return Py_NewRef(Py_None);
    PyObject *value = found_at(self, where, state, args, count);
    PyObject *form = snapshot_change(self->snapshots, value, where->level);
    Py_DECREF(value);
    return form;
}

static int has_identity(Snapshots *of, PyObject *value, int exact)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyList_Type || kind == &PyDict_Type || kind == &PySet_Type || kind == &PyTuple_Type ||
        kind == &PyUnicode_Type || kind == &PyBytes_Type || kind == &PyRange_Type || (PyObject *)kind == of->deque)
        return 1;
    return exact ? kind == &PyByteArray_Type : kind == &PyLong_Type || kind == &PyFrozenSet_Type;
}

static int is_atom(Snapshots *of, PyObject *value)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyUnicode_Type) return of->texts && is_small_text(value, of->string);
    return kind == &PyLong_Type || kind == &PyFloat_Type || kind == &PyBool_Type || value == Py_None;
}

/* Whether the shorter form of the event will do, or the one of the containers that were changed; else the longer one. */
static PyObject *form_to_take(Probe *self, PyObject *state, PyObject *const *args, Py_ssize_t count)
{
    if (self->all == NULL) return self->few;
    if (self->bases.count) {
        for (int i = 0; i < self->bases.count; i++) {
            int index = self->bases.items[i].index;
            if (index >= count || !has_identity(self->snapshots, args[index], 0)) return self->all;
        }
        return self->some;
    }
    if (self->exact >= 0)
        return self->exact < count && has_identity(self->snapshots, args[self->exact], 1) ? self->few : self->all;
    if (!(self->flags & UNLESS_ATOM)) return self->all;
    PyObject *plain = given(&self->bound.items[0], args, count);
    if (plain != NULL && is_number(plain)) return self->few;
    PyObject *bound = found_at(self, &self->bound.items[0], state, args, count);
    PyObject *form = is_atom(self->snapshots, bound) ? self->few : self->all;
    Py_DECREF(bound);
    return form;
}

/* What has changed of several, as one list; None if nothing can have. */
static PyObject *changes(Probe *self, PyObject *state, PyObject *const *args, Py_ssize_t count)
{
    PyObject *found = PyList_New(self->again.count);
    int any = 0;
    for (int i = 0; found != NULL && i < self->again.count; i++) {
        PyObject *form = change_at(self, &self->again.items[i], state, args, count);
        if (form == NULL) {
            Py_CLEAR(found);
        } else {
            any |= form != Py_None;
            PyList_SET_ITEM(found, i, form);
        }
    }
    if (found == NULL || any) return found;
    Py_DECREF(found);
    return Py_NewRef(Py_None);
}

typedef PyObject *(*Reader)(Probe *, Where *, PyObject *, PyObject *const *, Py_ssize_t);

static inline int gather(
    Probe *self, Wheres *wheres, Reader read, PyObject *state, PyObject *const *args, Py_ssize_t count, PyObject **items,
    Py_ssize_t *size)
{
    for (int i = 0; i < wheres->count; i++) {
        PyObject *form = read(self, &wheres->items[i], state, args, count);
        if (form == NULL) return -1;
        items[(*size)++] = form;
    }
    return 0;
}

/* The result, if the event tells one. */
static int gather_result(Probe *self, PyObject *state, PyObject *value, PyObject **items, Py_ssize_t *size)
{
    PyObject *form;
    if (self->flags & SHOWS) {
        if (self->flags & HIDES) form = snapshot_hidden(self->snapshots, value);
        else form = is_number(value) ? Py_NewRef(value) : snapshot_of(self->snapshots, value, 1, (self->flags & REFERS) != 0);
    } else if (self->flags & SHOWS_YIELDED) {
        PyObject *yielded = state_item(state, YIELDED);
        form = Py_NewRef(yielded == NULL ? Py_None : yielded);
    } else if (self->flags & SHOWS_NONE) {
        form = Py_NewRef(Py_None);
    } else {
        return 0;
    }
    if (form == NULL) return -1;
    items[(*size)++] = form;
    return 0;
}

static int finish(Probe *self, PyObject **items, Py_ssize_t size)
{
    PyObject *time = time_of(self->events);
    if (time == NULL) {
        while (size) Py_DECREF(items[--size]);
        return -1;
    }
    items[size++] = time;
    return emit(self->events, items, size);
}

/* Note the event of a statement. */
static int record(Probe *self, PyObject *state, PyObject *value, PyObject *const *args, Py_ssize_t count)
{
    PyObject *number = PyLong_CheckExact(state) ? state : state_item(state, CALL);
    if (number == NULL || !PyLong_CheckExact(number)) return 0;
    PyObject *here[ROOM], **items = here;
    int most = 5 + self->bound.count + self->cells.count + self->again.count + self->bases.count;
    if (most > ROOM && (items = PyMem_New(PyObject *, most)) == NULL) return 0; /* no memory: not recorded */
    Py_ssize_t size = 0;
    PyObject *form = form_to_take(self, state, args, count);
    items[size++] = Py_NewRef(form);
    items[size++] = Py_NewRef(number);
    int failed = gather(self, &self->bound, value_at, state, args, count, items, &size);
    if (!failed && form == self->some) {
        failed = gather(self, &self->bases, change_at, state, args, count, items, &size);
    } else if (!failed && form == self->all) {
        failed = gather(self, &self->cells, value_at, state, args, count, items, &size);
        if (!failed && self->flags & TOGETHER) {
            PyObject *found = changes(self, state, args, count);
            failed = found == NULL ? -1 : 0;
            if (!failed) items[size++] = found;
        } else if (!failed) {
            failed = gather(self, &self->again, change_at, state, args, count, items, &size);
        }
    }
    if (!failed) failed = gather_result(self, state, value, items, &size);
    if (failed) {
        while (size) Py_DECREF(items[--size]);
    } else {
        failed = finish(self, items, size);
    }
    if (items != here) PyMem_Free(items);
    return failed;
}

static void clear_slots(Probe *self, PyObject *state)
{
    for (int i = 0; i < self->clears.count; i++)
        set_state(state, SLOTS + self->clears.items[i].index, self->snapshots->missing);
}

/* The program's own exceptions (a signal's handler may raise one) go on; a probe's end of the stack does not. */
static int is_over(int failed) { return failed && !no_room_left(); }

static PyObject *run_record(Probe *self, PyObject *const *args, Py_ssize_t count)
{
    if (count < 1 + self->gives) {
        PyErr_SetString(PyExc_TypeError, "a probe of follow was called with too few values");
        return NULL;
    }
    PyObject *state = args[0], *value = self->gives ? args[1] : Py_None;
    args += 1 + self->gives;
    count -= 1 + self->gives;
    for (int i = 0; i < self->stores.count; i++) {
        Where *store = &self->stores.items[i]; /* the slot, and in place the argument */
        if (store->place < count) set_state(state, SLOTS + store->index, args[store->place]);
    }
    if (!(self->flags & CLEARS_LAST)) clear_slots(self, state);
    int over = is_over(record(self, state, value, args, count));
    if (self->flags & CLEARS_LAST) clear_slots(self, state);
    if (!over && self->flags & LOOKS) over = is_over(look(self->events, NULL));
    if (!over && self->flags & CHECKS) over = is_over(check(self->events, state));
    return over ? NULL : Py_NewRef(value);
}

/* Begin a call: its state. The first argument is None or the function whose cells are the call's. */
static PyObject *run_enter(Probe *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *number = (*Py_TYPE(self->calls)->tp_iternext)(self->calls), *state = number;
    if (number == NULL) return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    if (!(self->flags & STATELESS)) {
        PyObject *cells = count && PyFunction_Check(args[0]) ? PyFunction_GET_CLOSURE(args[0]) : NULL;
        if ((state = PyList_New(SLOTS + self->slots)) == NULL) {
            Py_DECREF(number);
            return NULL;
        }
        for (int i = 0; i < SLOTS + self->slots; i++)
            PyList_SET_ITEM(state, i, Py_NewRef(i < SLOTS ? Py_None : self->snapshots->missing));
        set_state(state, CALL, number);
        if (cells != NULL) set_state(state, CELLS, cells);
        Py_DECREF(number);
    }
    PyObject *here[ROOM], **items = here;
    int most = 5 + self->bound.count + self->cells.count;
    if (most > ROOM && (items = PyMem_New(PyObject *, most)) == NULL) return state;
    if (count) args++, count--;
    Py_ssize_t size = 0;
    items[size++] = Py_NewRef(self->few);
    items[size++] = Py_NewRef(number);
    PyObject *thread = self->begin == NULL ? thread_of(self->events) : untraced(self->begin, NULL, 0);
    int failed = thread == NULL ? -1 : 0;
    if (!failed) items[size++] = thread;
    if (!failed) failed = gather(self, &self->bound, value_at, state, args, count, items, &size);
    if (!failed) failed = gather(self, &self->cells, value_at, state, args, count, items, &size);
    if (failed) {
        while (size) Py_DECREF(items[--size]);
    } else {
        failed = finish(self, items, size);
    }
    if (items != here) PyMem_Free(items);
    int over = is_over(failed);
    if (!over && self->flags & LOOKS) {
        PyObject *own = Py_NewRef(number); /* the state may be changed meanwhile */
        over = is_over(look(self->events, own));
        Py_DECREF(own);
    }
    if (over) Py_CLEAR(state);
    return state;
}

/* Keep what is yielded until the generator goes on, and give it back. */
static PyObject *run_yield(Probe *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "a probe of follow was called with too few values");
        return NULL;
    }
    PyObject *form = self->flags & HIDES ? snapshot_hidden(self->snapshots, args[1])
                                         : snapshot_of(self->snapshots, args[1], 0, 0);
    if (form == NULL) return NULL;
    set_state(args[0], YIELDED, form);
    Py_DECREF(form);
    return Py_NewRef(args[1]);
}

static PyObject *run_python(Probe *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *function = Py_NewRef(self->begin), *found = untraced(function, args, (size_t)count);
    Py_DECREF(function);
    return found;
}

static PyObject *run(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names)
{
    Probe *self = (Probe *)callable;
    Py_ssize_t count = PyVectorcall_NARGS(flags);
    if (names != NULL && PyTuple_GET_SIZE(names)) {
        PyErr_SetString(PyExc_TypeError, "a probe of follow takes no named values");
        return NULL;
    }
    switch (self->kind) {
    case PYTHON: return run_python(self, args, count);
    case RECORD: return run_record(self, args, count);
    case ENTER: return run_enter(self, args, count);
    default: return run_yield(self, args, count);
    }
}

/* -- making it --------------------------------------------------------------------------------------- */

/* Places come as integers: 4 bits of place, 1 bit whether it is a secret, 1 bit whether it refers, 3 bits of level, the
   rest is the index. */
static int wheres(Wheres *into, PyObject *numbers)
{
    Py_ssize_t count = PyTuple_GET_SIZE(numbers);
    PyMem_Free(into->items); /* of an attempt that failed */
    *into = (Wheres){0, NULL};
    if (!count) return 0;
    if ((into->items = PyMem_New(Where, count)) == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        unsigned long number = PyLong_AsUnsignedLong(PyTuple_GET_ITEM(numbers, i));
        if (number == (unsigned long)-1 && PyErr_Occurred()) return -1;
        into->items[i] = (Where){(short)(number & 15), (char)(number >> 4 & 1), (char)(number >> 5 & 1),
                                 (char)(number >> 6 & 7), (int)(number >> 9)};
    }
    into->count = (int)count;
    return 0;
}

/* Pairs (slot, argument). */
static int stores_of(Wheres *into, PyObject *pairs)
{
    Py_ssize_t count = PyTuple_GET_SIZE(pairs);
    PyMem_Free(into->items);
    *into = (Wheres){0, NULL};
    if (!count) return 0;
    if ((into->items = PyMem_New(Where, count)) == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        int slot;
        short argument;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(pairs, i), "ih", &slot, &argument)) return -1;
        into->items[i] = (Where){argument, 0, 0, 0, slot};
    }
    into->count = (int)count;
    return 0;
}

static inline PyObject *unless_none(PyObject *value) { return value == Py_None ? NULL : Py_NewRef(value); }

/* Take in what `make` has given. */
static int take_in(Probe *self, PyObject *spec)
{
    PyObject *events, *snapshots, *few, *all, *some, *calls, *begin, *bound, *cells, *again, *bases, *stores, *clears, *globals;
    int kind, flags, exact, slots;
    if (PyCallable_Check(spec)) {
        self->kind = PYTHON;
        Py_XSETREF(self->begin, Py_NewRef(spec));
        return 0;
    }
    if (!PyTuple_Check(spec)) {
        PyErr_SetString(PyExc_TypeError, "what a probe is made of is a tuple, or a function");
        return -1;
    }
    if (!PyArg_ParseTuple(spec, "OOiiiiOOOOOO!O!O!O!O!O!O!", &events, &snapshots, &kind, &flags, &exact, &slots, &few, &all,
                          &some, &calls, &begin, &PyTuple_Type, &bound, &PyTuple_Type, &cells, &PyTuple_Type, &again,
                          &PyTuple_Type, &bases, &PyTuple_Type, &stores, &PyTuple_Type, &clears,
                          &PyTuple_Type, &globals))
        return -1;
    const char *events_name = Py_TYPE(events)->tp_name, *snapshots_name = Py_TYPE(snapshots)->tp_name;
    if (strcmp(events_name, events_spec.name) != 0 || strcmp(snapshots_name, snapshots_spec.name) != 0 || slots < 0 ||
        (kind == ENTER && !PyIter_Check(calls))) {
        PyErr_SetString(PyExc_TypeError, "a probe is made of other things");
        return -1;
    }
    if (wheres(&self->bound, bound) < 0 || wheres(&self->cells, cells) < 0 || wheres(&self->again, again) < 0 ||
        wheres(&self->bases, bases) < 0 || stores_of(&self->stores, stores) < 0 || wheres(&self->clears, clears) < 0)
        return -1;
    if (flags & UNLESS_ATOM && !self->bound.count) flags &= ~UNLESS_ATOM;
    self->kind = kind;
    self->flags = flags;
    self->exact = exact;
    self->slots = slots;
    self->events = (Events *)Py_NewRef(events);
    self->snapshots = (Snapshots *)Py_NewRef(snapshots);
    self->few = Py_NewRef(few);
    self->all = unless_none(all);
    self->some = unless_none(some);
    self->calls = unless_none(calls);
    self->begin = unless_none(begin);
    self->globals = PyTuple_GET_SIZE(globals) ? Py_NewRef(globals) : NULL;
    return 0;
}

/* The first call: the probe is made. Where there is no stack for that, it is not recorded. */
static PyObject *start(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names)
{
    Probe *self = (Probe *)callable;
    PyObject *make = Py_XNewRef(self->make);
    if (make == NULL && self->gives < 0) return PyLong_FromLong(0); /* the collector has been here */
    PyObject *spec = make == NULL ? NULL : untraced(make, &self->name, 1);
    Py_XDECREF(make);
    if (self->vectorcall == start && spec != NULL && take_in(self, spec) == 0) self->vectorcall = run;
    Py_XDECREF(spec);
    if (self->vectorcall != start) { /* another thread, or a finalizer, may have been quicker */
        PyErr_Clear();
        Py_CLEAR(self->make);
        return run(callable, args, flags, names);
    }
    if (self->gives < 0 || (PyErr_Occurred() && !no_room_left())) return NULL;
    Py_ssize_t count = PyVectorcall_NARGS(flags);
    return Py_NewRef(self->gives && count > 1 ? args[1] : Py_None); /* unrecorded */
}

static int probe_clear(Probe *self)
{
    Py_CLEAR(self->make);
    Py_CLEAR(self->name);
    Py_CLEAR(self->few);
    Py_CLEAR(self->all);
    Py_CLEAR(self->some);
    Py_CLEAR(self->calls);
    Py_CLEAR(self->begin);
    Py_CLEAR(self->globals);
    if (self->vectorcall == run) self->vectorcall = start; /* which no longer finds what it needs */
    Py_CLEAR(self->events);
    Py_CLEAR(self->snapshots);
    return 0;
}

static int probe_traverse(Probe *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->make);
    Py_VISIT(self->events);
    Py_VISIT(self->snapshots);
    Py_VISIT(self->calls);
    Py_VISIT(self->begin);
    return 0;
}

static void probe_dealloc(Probe *self)
{
    PyTypeObject *kind = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    probe_clear(self);
    Wheres *all[] = {&self->bound, &self->cells, &self->again, &self->bases, &self->stores, &self->clears};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) PyMem_Free(all[i]->items);
    kind->tp_free((PyObject *)self);
    Py_DECREF(kind);
}

static PyObject *probe_of(PyTypeObject *kind, PyObject *make, PyObject *name, int gives)
{
    Probe *self = (Probe *)kind->tp_alloc(kind, 0);
    if (self == NULL) return NULL;
    self->vectorcall = start;
    self->make = Py_NewRef(make);
    self->name = Py_NewRef(name);
    self->gives = gives;
    self->exact = -1;
    return (PyObject *)self;
}

/* What one name stands for: see `probes_named`. */
static PyObject *named(PyTypeObject *kind, PyObject *name, PyObject *makers, PyObject *resolve, PyObject *others)
{
    if (others != NULL) {
        PyObject *other = PyDict_GetItemWithError(others, name);
        if (other != NULL || PyErr_Occurred()) return Py_XNewRef(other);
    }
    Py_ssize_t length = PyUnicode_FindChar(name, '_', 0, PyUnicode_GET_LENGTH(name), -1);
    if (length == -2) return NULL;
    if (length > 0) {
        PyObject *what = PyUnicode_Substring(name, 0, length);
        PyObject *maker = what == NULL ? NULL : PyDict_GetItemWithError(makers, what);
        Py_XDECREF(what);
        if (maker == NULL && PyErr_Occurred()) return NULL;
        if (maker != NULL) {
            PyObject *make;
            int gives;
            if (!PyTuple_Check(maker)) return PyErr_Format(PyExc_TypeError, "what makes %R must be a pair", name);
            return PyArg_ParseTuple(maker, "Oi", &make, &gives) ? probe_of(kind, make, name, gives) : NULL;
        }
    }
    if (resolve != NULL) return PyObject_CallOneArg(resolve, name);
    return PyErr_Format(PyExc_ValueError, "nothing is named %R", name);
}

PyObject *probes_named(PyTypeObject *kind, PyObject *names, PyObject *makers, PyObject *resolve, PyObject *others)
{
    PyObject *found = PyList_New(0);
    for (Py_ssize_t i = 0; found != NULL && i < PyTuple_GET_SIZE(names); i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i), *one = NULL;
        if (PyUnicode_Check(name)) one = named(kind, name, makers, resolve, others);
        else PyErr_SetString(PyExc_TypeError, "names must be strings");
        if (one == NULL || PyList_Append(found, one) < 0) Py_CLEAR(found);
        Py_XDECREF(one);
    }
    return found;
}

PyTypeObject *type_in(PyObject *module, const char *name)
{
    PyObject *found = PyObject_GetAttrString(module, name);
    if (found != NULL && !PyType_Check(found)) { /* the interpreter ends */
        PyErr_Format(PyExc_RuntimeError, "follow's helper has no %s any more", name);
        Py_CLEAR(found);
    }
    return (PyTypeObject *)found;
}

PyObject *probes(PyObject *module, PyObject *args)
{
    PyObject *names, *makers, *resolve;
    if (!PyArg_ParseTuple(args, "O!O!O:probes", &PyTuple_Type, &names, &PyDict_Type, &makers, &resolve)) return NULL;
    PyTypeObject *kind = type_in(module, "Probe");
    PyObject *found = kind == NULL ? NULL : probes_named(kind, names, makers, resolve, NULL);
    Py_XDECREF(kind);
    return found;
}

static PyMemberDef probe_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Probe, vectorcall), Py_READONLY, NULL},
    {"name", Py_T_OBJECT_EX, offsetof(Probe, name), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL}};

static PyType_Slot probe_slots[] = {
    {Py_tp_doc, "A probe of the followed code's."},
    {Py_tp_dealloc, (void *)probe_dealloc},
    {Py_tp_traverse, (void *)probe_traverse},
    {Py_tp_clear, (void *)probe_clear},
    {Py_tp_call, (void *)PyVectorcall_Call},
    {Py_tp_members, probe_members},
    {0, NULL}};

PyType_Spec probe_spec = {
    "follow._native.Probe", sizeof(Probe), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE |
        Py_TPFLAGS_DISALLOW_INSTANTIATION,
    probe_slots};
