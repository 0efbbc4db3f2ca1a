/* Writing msgpack: what its values (pack.c) and the columns of events (columns.c) have in common. */
#ifndef FOLLOW_PACK_H
#define FOLLOW_PACK_H
#include "native.h"

#define MOST_FIELDS 3
#define SPANS 256     /* a power of two */
#define EVENT_VALUES 2 /* how deep the values of events stand in their frame */

typedef struct {
    PyTypeObject *kind;
    int code;      /* of the extension type */
    int count;     /* how many attributes its content lists; 0: its content are its items */
    PyObject *names[MOST_FIELDS];
} Known;

typedef struct {
    PyObject_HEAD
    PyObject *default_;
    PyTypeObject *extension; /* msgpack.ExtType: a tuple of a code and bytes */
    PyTypeObject *keeping;   /* the class whose values keep, as `packed`, what `default` has made of them */
    PyObject *packed;
    Py_ssize_t count;
    Known *known;
} Packer;

typedef struct {
    PyObject *value;
    size_t start, size;
} Span;

typedef struct {
    char *data;
    size_t size, room;
    Span *spans; /* of a chunk of events: where some of their containers were written before, for many are told again */
} Bytes;

/* All give -1 with an exception where they fail. */
int put(Bytes *out, const void *data, size_t size);
/* The head of a list of so many items. */
int put_list_head(Bytes *out, size_t length);
/* 1 if the integer is too large for msgpack. */
int put_int(Bytes *out, PyObject *value);
/* A value that stands so deep in what is written. */
int put_value(Packer *self, Bytes *out, PyObject *value, int depth);

/* `pack_events(items, lengths)`: what a frame of these events holds, and their number; None if Python is to do it. */
PyObject *packer_events(PyObject *packer, PyObject *const *args, Py_ssize_t count);

#endif
