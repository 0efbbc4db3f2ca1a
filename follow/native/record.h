/* What the probes that make records have in common: record.c. */
#ifndef FOLLOW_RECORD_H
#define FOLLOW_RECORD_H
#include "native.h"

enum { CLOCK_AT, THREAD_AT, CELLS_AT, YIELDED_AT, LOCALS_AT, STANDING_AT, SLOTS_AT }; /* in a call's state: follow/state.py */
/* What those of one piece of source share, a tuple: the FirstRecords that they belong to, what makes entries, the class of what
   is known of a thread, what gives the time in seconds (None: the system's clock does), words, and two things more. */
enum { FIRST_OF, ENTRIES_OF, THREADS_OF, CLOCK_OF, WORDS_OF, ONE_OF, OTHER_OF, COMMON };
/* The words, which Python code gives, first the keys of a record, and a record without values: WORDS in follow/firstrecords.py. */
enum { KEYS, EMIT = 4, DROPPED, FAILED, OWN_RECORD, RETURN, ENTRY, STATE, EMPTY, WORDS };

/* Make a record and hand it over: -1 with an error. */
typedef int (*Tell)(const void *telling, PyObject *state, double milliseconds);

/* That tuple, of the first five arguments and two things more; also where the slots are. */
PyObject *common_of(PyObject *module, PyObject *const *args, Slots *slots, PyObject *one, PyObject *other);
PyObject *record_of(PyObject *common, PyObject *function, PyObject *instruction, PyObject *variables, double milliseconds);
/* Give a record to the followers, or fail if it is NULL; takes over the references to it and to the list in it. */
int hand_over(PyObject *common, const Slots *slots, PyObject *record, PyObject *variables);
/* Call a method of the FirstRecords, by a word. */
int ask_first(PyObject *common, int what, PyObject *one, PyObject *other);
/* Whether it is the state of a call: an error is set if not. */
int is_state(PyObject *state);
/* What a probe does in a call: 1 if its record was made, 0 if it was not, -1 with an error that is the program's. */
int run_probe(PyObject *common, PyObject *state, PyObject *thread, const Slots *slots, Tell tell, const void *telling);

#endif
