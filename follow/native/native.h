/* What the parts of the compiled helper share. See follow/accelerate.py for what it is and when it is used. */
#ifndef FOLLOW_NATIVE_H
#define FOLLOW_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>

#ifdef Py_GIL_DISABLED
#error "follow's helper relies on the GIL; without it follow runs as pure Python"
#endif

#if PY_VERSION_HEX < 0x030C0000
#include <structmember.h>
#define Py_T_OBJECT_EX T_OBJECT_EX
#define Py_T_PYSSIZET T_PYSSIZET
#define Py_READONLY READONLY
#endif

/* -- Python code of follow's ------------------------------------------------------------------------ */

/* Between these two a tracer or profiler of the program's sees nothing: what follow does is not what the program does. */
static inline void tracing_off(void)
{
    PyThreadState *state = PyThreadState_Get();
#if PY_VERSION_HEX >= 0x030B0000
    PyThreadState_EnterTracing(state);
#else
    state->tracing++;
    state->cframe->use_tracing = 0;
#endif
}

static inline void tracing_on(void)
{
    PyThreadState *state = PyThreadState_Get();
#if PY_VERSION_HEX >= 0x030B0000
    PyThreadState_LeaveTracing(state);
#else
    state->tracing--;
    state->cframe->use_tracing = !state->tracing && (state->c_tracefunc != NULL || state->c_profilefunc != NULL);
#endif
}

static inline PyObject *untraced(PyObject *function, PyObject *const *args, size_t count)
{
    tracing_off();
    PyObject *found = PyObject_Vectorcall(function, args, count, NULL);
    tracing_on();
    return found;
}

/* -- snapshot.c: what a value is now ---------------------------------------------------------------- */

typedef struct {
    uintptr_t key;    /* the id of a container or function, with a variant in its lowest bits */
    PyObject *form;   /* what was made of it last */
    PyObject *shown;  /* borrowed from the form: the items, or the name, to compare with */
    Py_ssize_t length;
    int flat;         /* whether all items were plain or described */
} Kept;

typedef struct {
    uintptr_t key;
    PyObject *form; /* borrowed: the program's container holds nothing of it, the form being made does */
    unsigned epoch;
    char state, level;
} Met;

typedef struct {
    PyTypeObject *kind; /* borrowed, and only compared */
    PyObject *form;
    unsigned forgotten;
} Typed;

#define TYPES 64 /* a power of two */
#define SNAPSHOT_NAMES 14

typedef struct Objects Objects;

typedef struct {
    PyObject_HEAD
    Py_ssize_t depth, items, string, nodes;
    Py_ssize_t brief, short_; /* strings up to `brief` weigh no more than other items, longer ones one more per `short_` */
    Py_ssize_t bits; /* the most bits of an integer that is kept as it is */
    int texts;    /* whether short strings are kept as they are, and containers of them copied */
    int objects;  /* whether objects are recorded with their attributes */
    Objects *told; /* what was told of objects; NULL where they are not recorded, or Python code does that */
    PyObject *leaf, *looks; /* Python code: makes the form of what is not done here; a tuple: what looks at objects, by level */
    PyTypeObject *instance;
    Py_ssize_t attributes; /* so many are kept of one object */
    PyObject *more, *attributes_word;
    Py_ssize_t tagged_number, tagged_content, instance_type, instance_attributes; /* where their slots are */
    Py_ssize_t description_slots[3]; /* those of what tells one description from another */
    PyObject *described; /* a dict: by the id of a type what stands for its objects */
    PyObject *copy, *change, *hide; /* what Python code does for all that is not done here */
    PyObject *lost, *missing, *identity;
    PyTypeObject *tagged, *shortened, *descriptions;
    PyObject *room, **room_value; /* a Number, and its value: from it is taken what copies weigh */
    Py_ssize_t owed;              /* of that what is not yet taken */
    Py_ssize_t kept_items;
    PyObject *others, *deque; /* a tuple of further types that can change; one of them */
    PyObject *names[SNAPSHOT_NAMES];
    Typed typed[TYPES]; /* what `described` said of some types */
    Kept *kept;
    size_t kept_size, kept_lost; /* a power of two; how many entries made room for others since it grew */
    Met *met;
    unsigned epoch;
    size_t met_count;
    PyObject **staying; /* forms that were met and must stay until the value is copied, where objects are told */
    size_t staying_count;
    int cyclic; /* whether what is made now may be in a cycle, which the collector has to find */
} Snapshots;

/* The value of a variable: itself, its form, or NULL with an exception that is the program's. With `whole`, an
   integer is kept whatever its size; with `refers`, nothing ran that may have changed an object since it was told. */
PyObject *snapshot_of(Snapshots *self, PyObject *value, int whole, int refers);
/* The same of what may have changed; None of what cannot change. `level` says how closely to look at objects. */
PyObject *snapshot_change(Snapshots *self, PyObject *value, int level);
/* What a closure's cell holds. */
PyObject *snapshot_cell(Snapshots *self, PyObject *cell);
/* What stands for a secret. */
PyObject *snapshot_hidden(Snapshots *self, PyObject *value);
/* The exceptions that a probe keeps to itself: 1 if there was such a one, and it is gone; also if there is none any more, for
   what is let go when memory is short may lose it. */
int no_room_left(void);
/* Let something go while there is an exception, which stays. */
void clear_beside_error(PyObject **object);
/* Where in an object of a class a slot is; 0 if the class has no such slot. */
Py_ssize_t slot_in(PyTypeObject *kind, const char *name);
/* Where follow.state.Number has its value; NULL with an exception if an object is none. Borrowed. */
PyObject **number_in(PyObject *object);

/* Of a module's names those whose values have other forms than last time, as a dict that has also been added to `last`.
   Those that `bits` leaves out are not looked at, unless it is NULL; `is_same` compares. */
PyObject *gather_names(Snapshots *self, PyObject *found, PyObject *last, PyObject *names, const unsigned char *bits, PyObject *is_same);

extern PyType_Spec snapshots_spec;

/* A value being copied. */
typedef struct {
    PyObject *into, *key; /* what it is an item of; the key, of a dict */
    Py_ssize_t index;
    PyObject *value;
    int level, depth;
} Hole;

#define FEW_HOLES 4
#define TELLS 4 /* as in follow/looks.py */

typedef struct {
    Snapshots *of;
    Py_ssize_t nodes, weight;
    PyTypeObject *kind;  /* the type of the object that was met last */
    PyObject *described; /* borrowed: what stands for it */
    int level;           /* how closely to look at objects */
    int same;            /* whether the object that was looked at last is as it was told */
    PyObject *hole;      /* borrowed: the value whose form is a placeholder, until it is known where that stands */
    int hole_depth;
    int cyclic, met_itself; /* whether forms may hold themselves; whether a container was met within itself */
    Met *place;             /* where the form that is made next is noted at once, so that it can hold itself; or NULL */
    Py_ssize_t holes_count, holes_room;
    Hole *holes, *few;   /* where they stand, and where they stood at first */
} Work;

PyObject *form_of(Work *work, PyObject *value, int depth, int *simple);
/* The same, but never a hole: NULL without an error if it is Python's task. */
PyObject *form_by_type(Work *work, PyObject *value, int depth, int *simple);
/* A hole was put in a container, at a dict's key or at an index; -1 with an error. */
int note_hole(Work *work, PyObject *into, PyObject *key, Py_ssize_t index);

/* A value is about to be copied. */
void snapshot_begin(Snapshots *self);
/* A copy was made: there is less room. */
void snapshot_weigh(Snapshots *self, Py_ssize_t weight);


/* -- kept.c: what was made before ----------------------------------------------------------------------- */

#define MOST_MET 2048
enum { OF_WHOLE, OF_CUT, OF_LIST_HEAD, OF_TUPLE_HEAD, OF_DICT_HEAD, OF_LISTED, OF_FUNCTION, OF_METHOD, OF_CLASS, OF_MODULE }; /* the variants of what is kept of one container */
enum { NOT_MET, UNDER_WAY, DONE };

static inline uintptr_t key_of(PyObject *value, int variant) { return (uintptr_t)value | (uintptr_t)variant; }
/* What is kept by a key, or NULL; good until something else is kept. */
Kept *kept(Snapshots *self, uintptr_t key);
void keep(Snapshots *self, uintptr_t key, PyObject *form, PyObject *shown, Py_ssize_t length, int flat);
void forget_forms(Snapshots *self);
/* Of the value that is being copied the place of a container; NULL when there are too many. */
Met *met(Snapshots *self, uintptr_t key);
/* What stands for any object of a type, or NULL; borrowed. */
PyObject *described(Snapshots *self, PyTypeObject *kind);
/* The number of items of a list, tuple, dict or set; -1 of anything else. */
Py_ssize_t items_in(PyObject *value);
int is_small_text(PyObject *value, Py_ssize_t most);

/* Between these two nothing that `drop` is given goes: a form may hold what the program refers to weakly (a frozenset), or
   the last reference to a name that is a str of its own class; what is told when that dies could change what is copied. */
void hold_dropped(void);
void release_dropped(void);
/* A reference to a form is given up, or NULL. */
void drop(PyObject *form);
/* A type has died, of which the description was known. */
PyObject *forget_types(PyObject *module, PyObject *arguments);

static inline int is_small_int(PyObject *value)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyUnstable_Long_IsCompact((PyLongObject *)value);
#else
    return PyLong_SHIFT == 30 && Py_SIZE(value) >= -1 && Py_SIZE(value) <= 1;
#endif
}

/* Whether a value is its own form, whatever else there is. */
static inline int is_plain(Snapshots *self, PyObject *value)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyLong_Type) return is_small_int(value);
    if (kind == &PyUnicode_Type) return self->texts && is_small_text(value, self->brief);
    return kind == &PyFloat_Type || value == Py_None || kind == &PyBool_Type;
}

/* What stands for a plain item or an object of a known type; borrowed. NULL: there is more to do, or an error. */
static inline PyObject *quick(Work *work, PyObject *item)
{
    PyTypeObject *kind = Py_TYPE(item);
    if (kind == work->kind) return work->described;
    if (is_plain(work->of, item)) return item;
    if (kind == &PyList_Type || kind == &PyTuple_Type || kind == &PyDict_Type || kind == &PyLong_Type) return NULL;
    if (work->of->told != NULL && PyType_HasFeature(kind, Py_TPFLAGS_HEAPTYPE)) return NULL; /* it may have attributes */
    PyObject *found = described(work->of, kind);
    if (found != NULL) {
        work->kind = kind;
        work->described = found;
    }
    return found;
}

/* -- forms.c: what stands for values and for objects with names of their own ----------------------------- */

/* An object with `number` and `content`; an object of the class Instance. */
PyObject *tagged(Snapshots *self, PyObject *value, PyObject *content);
PyObject *instance(Snapshots *self, PyObject *name, PyObject *attributes);
PyObject *many_attributes(Snapshots *self, Py_ssize_t count);
/* What stands for a container beyond the limits; takes over the reference to what is shown of it. */
PyObject *shortened(Snapshots *self, PyObject *value, Py_ssize_t length, PyObject *shown);
/* The same without its identity. */
PyObject *shown_of(Snapshots *self, PyObject *value, Py_ssize_t length, PyObject *shown);
/* What stands for a string that is too long. */
PyObject *shortened_text(Snapshots *self, PyObject *value);
/* What stands for a function, method, module or class; NULL without an error if it is none of those that are done here. */
PyObject *named_form(Snapshots *self, PyObject *value);
/* Prepare the words that these use; -1 with an error. */
int forms_begin(Snapshots *self);

/* A form that is in no cycle: the collector need not look at it. */
static inline void without_collector(Snapshots *self, PyObject *form)
{
    if (!self->cyclic && PyObject_GC_IsTracked(form)) PyObject_GC_UnTrack(form);
}

/* -- containers.c: the forms of lists, tuples, dicts and sets -------------------------------------------- */

PyObject *container_form(Work *work, PyObject *value, int depth);
/* How many of the first `count` items have the same form as last time, when all were plain or described: so an item that
   is its own form cannot have changed. */
Py_ssize_t same_items(Work *work, PyObject *const *items, Py_ssize_t count, PyObject *const *forms);

/* -- told.c: values where objects are recorded with their attributes ---------------------------------- */

/* The form of a value that is not plain, at some depth (0: of a variable's own value); `given` are its attributes, if Python
   code has read them, or NULL. */
PyObject *told_form(Snapshots *self, PyObject *value, int level, int depth, PyObject *given);
/* What has changed of a value; None of an object that is as it was told, unless `level` says that it is told anyhow. */
PyObject *told_change(Snapshots *self, PyObject *value, int level);

/* -- objects.c: objects with their attributes --------------------------------------------------------- */

Objects *objects_new(void);
/* What was told is gone. */
void objects_forget(Objects *self);
void objects_free(Objects *self);
/* Whether objects of a type are recorded with their attributes; -1 with an error. */
int has_attributes(Objects *self, PyTypeObject *type);
/* What stands for an object that was told, where that is told elsewhere; borrowed, or NULL. */
PyObject *reference_to(Objects *self, PyObject *value);
/* The form of an object with its attributes: of a variable's value (depth 0), or of one that something holds. `given` are
   its attributes, or NULL. NULL without an error if Python code must read them. */
PyObject *object_form(Work *work, PyObject *value, PyObject *given, int depth);

/* -- probe.c: what the followed code calls --------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    PyObject *buffer, *limit, *outer; /* the items, and two Numbers: how many there may be, the outermost call's */
    PyObject **limit_value, **outer_value;
    PyObject *look, *begun, *ended;  /* called when there are more, also when a call begins, when that one ends */
    PyObject *extend;                /* takes an event as a tuple; NULL where the buffer itself does */
    PyObject *now;                   /* the clock; NULL for the system's own */
    PyObject *thread;                /* the number of the thread that last began a call */
    unsigned long ident;
    PyObject *known;  /* the limit that was last looked at, and its value */
    Py_ssize_t known_limit;
} Events;

PyObject *events_time(Events *self);
/* Hand an event over; the references are taken over. */
int events_add(Events *self, PyObject **items, Py_ssize_t count);
/* See whether there is something to write. */
int events_look(Events *self);
extern PyType_Spec events_spec;
extern PyType_Spec probe_spec;
/* What the names stand for, as a list. Code names a probe for nearly every statement, and an import asks for all of them,
   so it is one call. `makers` has, by what stands before a name's last "_", what makes such a probe of the name when it is
   first called, and `gives`; for other names `resolve` is asked, or `others` has them: one of these may be NULL. `kind` is
   the type of probes. */
PyObject *probes_named(PyTypeObject *kind, PyObject *names, PyObject *makers, PyObject *resolve, PyObject *others);
/* `probes(names, makers, resolve)`. */
PyObject *probes(PyObject *module, PyObject *args);
/* All items of a list, which is left with some others. */
PyObject *taken(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* -- pack.c, columns.c: what a trace file holds --------------------------------------------------------------- */

extern PyType_Spec packer_spec;
/* The flat list of events of some columns. */
PyObject *joined(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* -- code.c: code that was taken apart -------------------------------------------------------------- */

extern PyType_Spec later_spec;
/* A type of this module. */
PyTypeObject *type_in(PyObject *module, const char *name);
/* Is called once, before code is completed. */
int prepare_constants(void);
/* Code whose gaps are filled in place, or will be when it is called; None where that cannot be done. */
PyObject *completed(PyObject *module, PyObject *const *args, Py_ssize_t count);
/* Where in its source an instruction of some code stands. */
PyObject *position(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* -- digest.c: a checksum --------------------------------------------------------------------------- */

PyObject *digest(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* -- entries.c: variables in a record ------------------------------------------------------------------- */

#define OTHER_TYPES 32 /* a power of two */

typedef struct {
    PyTypeObject *kind;
    PyObject *name;
} TypeName;

typedef struct {
    PyObject_HEAD
    PyObject *other;   /* Python code that makes the entry of what is not made here */
    PyObject *kinds;   /* a tuple: the names of some types */
    PyObject *empty;   /* an entry without values, */
    PyObject *keys;    /* and a tuple of its keys */
    PyObject *copied;  /* a tuple: the types of the values that are not kept as they are */
    PyObject *missing; /* stands for no value */
    PyTypeObject *shortened;
    Py_ssize_t type_at, length_at, shown_at;         /* where its slots are */
    Py_ssize_t depth, items, string, nodes, bits;    /* the limits */
    PyTypeObject *others[OTHER_TYPES]; /* types whose values are kept as they are: only compared */
    TypeName named[OTHER_TYPES]; /* names of types that never die */
    int live;  /* whether values are kept as they are */
    int whole; /* whether all integers of a machine's word are */
} Entries;

extern PyType_Spec entries_spec;

/* Whether values of a type are copied, or may be shortened. */
int is_copied(const Entries *limits, PyTypeObject *kind);
/* Add the entry of a name to a list, if a module's dict has it. `at` is where in the dict the name is looked for first: 0
   before the first one. */
int add_entry(PyObject *made, PyObject *found, PyObject *name, const Entries *limits, Py_ssize_t *at);
/* What a dict has of a name; borrowed, or NULL. `at` is as above. */
PyObject *value_of(PyObject *found, PyObject *name, Py_ssize_t *at);
/* An empty list for so many entries. */
PyObject *list_with_room(Py_ssize_t room);
/* The entry of one variable. */
PyObject *entry_for(PyObject *name, PyObject *value, const Entries *limits);
/* Whether it is what a site shows: a variable (follow.model.Shown), or the name of the value at the same place. */
int is_shown(PyObject *shown);
/* Those of the variables that a site shows, in the state of a call and what a probe was given. */
PyObject *entries_of_call(const Entries *limits, PyObject *shown, PyObject *state, PyObject *const *values, Py_ssize_t count);

/* -- filled.c: the dicts that are entries ------------------------------------------------------------------ */

/* A new entry. */
PyObject *filled_entry(PyObject *name, PyObject *value, PyObject *kind, const Entries *limits);
/* A new record of four values. */
PyObject *filled_record(PyObject *empty, PyObject *const *keys, PyObject *const *values);
/* A record that may be the last reference to it, which is taken over: if nobody else has it, the next one is made of it. */
void record_again(PyObject *record, PyObject *empty, PyObject *const *keys);
/* A list of entries that may be the last reference to it: what nobody else has is taken out and made use of again. */
void use_again(PyObject *made, const Entries *limits);

/* -- bounded.c: copies within limits ---------------------------------------------------------------------- */

/* A value as it is now; NULL without an error if it is Python's task. */
PyObject *bounded_copy(const Entries *limits, PyObject *value);

/* -- callrecord.c: the probes of statements in functions ---------------------------------------------------- */

PyObject *call_record(PyObject *module, PyObject *const *args, Py_ssize_t count);
extern PyType_Spec call_record_spec;

typedef struct {
    Py_ssize_t busy, overhead; /* where what is known of a thread has these */
    Py_ssize_t emit;           /* where the FirstRecords has what takes records; 0 where it has no such slot */
} Slots;

/* -- own.c: the probes of a module's own statements --------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *common;            /* a tuple: what all probes of a module share */
    PyObject *number;            /* of its site, or its event's id */
    PyObject *instruction;
    PyObject *possible;          /* which names may be bound, as bits */
    PyObject *changes;           /* the names whose values it may have changed, or None: all that may be bound */
    Slots slots;                 /* of records */
} Own;

extern PyType_Spec own_spec;
/* The probes, by site, of the statements that `own` (follow.model.Own) knows; each is like `like`, and has as its number
   that of its site, or, unless `base` is negative, its event's id, counted from that. */
PyObject *own_made(PyObject *module, const Own *like, PyObject *own, Py_ssize_t base);
/* Whether it is such an `own`. */
int is_own(PyObject *own);
#define FEW_BITS 128
/* The bits of a number, as bytes: in `few` if they fit there, else in memory that must be freed; NULL with an error. */
unsigned char *bits_of(PyObject *number, size_t count, unsigned char *few);

/* -- ownrecord.c, ownevent.c: as records, and as a recorder's events ---------------------------------- */

PyObject *own_probes(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *own_events(PyObject *module, PyObject *const *args, Py_ssize_t count);

#endif
