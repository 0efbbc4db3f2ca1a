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
    char state;
} Met;

typedef struct {
    PyTypeObject *kind; /* borrowed, and only compared */
    PyObject *form;
    unsigned forgotten;
} Typed;

#define TYPES 64 /* a power of two */
#define SNAPSHOT_NAMES 12

typedef struct {
    PyObject_HEAD
    Py_ssize_t depth, items, string, nodes;
    Py_ssize_t brief, short_; /* strings up to `brief` weigh no more than other items, longer ones one more per `short_` */
    int bits;     /* the most bits of an integer that is kept as it is */
    int texts;    /* whether short strings are kept as they are, and containers of them copied */
    int objects;  /* whether objects are recorded with their attributes, which only Python code does */
    PyObject *described; /* a dict: by the id of a type what stands for its objects */
    PyObject *copy, *change, *hide; /* what Python code does for all that is not done here */
    PyObject *lost, *missing, *identity;
    PyTypeObject *tagged, *shortened, *descriptions;
    PyObject *room, **room_value; /* a Number, and its value: from it is taken what copies weigh */
    Py_ssize_t kept_items;
    PyObject *others, *deque; /* a tuple of further types that can change; one of them */
    PyObject *names[SNAPSHOT_NAMES];
    Typed typed[TYPES]; /* what `described` said of some types */
    Kept *kept;
    size_t kept_size, kept_lost; /* a power of two; how many entries made room for others since it grew */
    Met *met;
    unsigned epoch;
    size_t met_count;
} Snapshots;

/* The value of a variable: itself, its form, or NULL with an exception that is the program's. With `whole`, an
   integer is kept whatever its size. */
PyObject *snapshot_of(Snapshots *self, PyObject *value, int whole);
/* The same of what may have changed; None of what cannot change. */
PyObject *snapshot_change(Snapshots *self, PyObject *value);
/* What a closure's cell holds. */
PyObject *snapshot_cell(Snapshots *self, PyObject *cell);
/* What stands for a secret. */
PyObject *snapshot_hidden(Snapshots *self, PyObject *value);
/* The exceptions that a probe keeps to itself: 1 if there was such a one, and it is gone. */
int no_room_left(void);
/* A type has died, of which the description was known. */
PyObject *forget_types(PyObject *module, PyObject *arguments);
/* Where follow.state.Number has its value; NULL with an exception if an object is none. Borrowed. */
PyObject **number_in(PyObject *object);
int is_small_text(PyObject *value, Py_ssize_t most);

extern PyType_Spec snapshots_spec;

/* -- probe.c: what the followed code calls --------------------------------------------------------- */

extern PyType_Spec events_spec;
extern PyType_Spec probe_spec;
/* What the names of probes stand for. */
PyObject *probes(PyObject *module, PyObject *args);
/* All items of a list, which is left with some others. */
PyObject *taken(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* -- pack.c: what a trace file holds --------------------------------------------------------------- */

extern PyType_Spec packer_spec;
/* The flat list of events of some columns. */
PyObject *joined(PyObject *module, PyObject *const *args, Py_ssize_t count);

#endif
