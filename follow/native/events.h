/* A recorder's buffer and its clock, as probes use them: within them, for it is done at each event. */
#ifndef FOLLOW_EVENTS_H
#define FOLLOW_EVENTS_H
#include "native.h"

#if PY_VERSION_HEX < 0x030B0000
#include <longintrepr.h>
#endif
#ifndef _WIN32
#include <time.h>
#endif

/* A number of nanoseconds: nearly all are of two digits. */
static inline PyObject *integer(long long number)
{
#if PY_VERSION_HEX < 0x030C0000
    if (number >> PyLong_SHIFT > 0 && number >> 2 * PyLong_SHIFT == 0) {
        PyLongObject *new = _PyLong_New(2);
        if (new == NULL) return NULL;
        new->ob_digit[0] = (digit)(number & PyLong_MASK);
        new->ob_digit[1] = (digit)(number >> PyLong_SHIFT);
        return (PyObject *)new;
    }
#endif
    return PyLong_FromLongLong(number);
}

static inline PyObject *time_of(Events *self)
{
#if defined(CLOCK_MONOTONIC) && !defined(_WIN32)
    if (self->now == NULL) {
        struct timespec found;
        clock_gettime(CLOCK_MONOTONIC, &found);
        return integer((long long)found.tv_sec * 1000000000 + found.tv_nsec);
    }
#endif
    return PyObject_CallNoArgs(self->now);
}

static inline PyObject *thread_of(Events *self)
{
    unsigned long ident = PyThread_get_thread_ident();
    if (self->thread == NULL || self->ident != ident) {
        PyObject *number = PyLong_FromUnsignedLong(ident);
        if (number == NULL) return NULL;
        Py_XSETREF(self->thread, number);
        self->ident = ident;
    }
    return Py_NewRef(self->thread);
}

/* Add items to the buffer, all or none of them; the references are taken over. */
static inline int add(Events *self, PyObject **items, Py_ssize_t count)
{
    PyListObject *list = (PyListObject *)self->buffer;
    Py_ssize_t before = PyList_GET_SIZE(list), i = 0;
    if (count <= list->allocated - before) {
        memcpy(list->ob_item + before, items, (size_t)count * sizeof(PyObject *));
        Py_SET_SIZE(list, before + count);
        return 0;
    }
    while (i < count && PyList_Append(self->buffer, items[i]) == 0) Py_DECREF(items[i++]);
    if (i == count) return 0;
    PyObject *kind, *value, *traceback;
    PyErr_Fetch(&kind, &value, &traceback);
    PyList_SetSlice(self->buffer, before, PY_SSIZE_T_MAX, NULL);
    PyErr_Restore(kind, value, traceback);
    for (; i < count; i++) Py_DECREF(items[i]);
    return -1;
}

/* Hand an event over; the references are taken over. */
static inline int emit(Events *self, PyObject **items, Py_ssize_t count)
{
    if (self->extend == NULL) return add(self, items, count);
    PyObject *event = PyTuple_New(count);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (event == NULL) Py_DECREF(items[i]);
        else PyTuple_SET_ITEM(event, i, items[i]);
    }
    PyObject *done = event == NULL ? NULL : untraced(self->extend, &event, 1);
    Py_XDECREF(event);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* See whether there is something to hand over; `number` is that of a call that begins, or NULL. */
static inline int look(Events *self, PyObject *number)
{
    if (*self->limit_value != self->known) {
        if (*self->limit_value == NULL) return 0;
        Py_ssize_t limit = PyLong_AsSsize_t(*self->limit_value);
        if (limit == -1 && PyErr_Occurred()) return -1;
        self->known_limit = limit;
        Py_XSETREF(self->known, Py_NewRef(*self->limit_value));
    }
    if (PyList_GET_SIZE(self->buffer) <= self->known_limit || self->look == NULL || self->begun == NULL) return 0;
    PyObject *done = untraced(number == NULL ? self->look : self->begun, &number, number != NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* A call ends: if it is the outermost one, what it has left is handed over. The state of a call begins with its number, or is
   its number alone. */
static inline int check(Events *self, PyObject *state)
{
    PyObject *number = PyList_CheckExact(state) && PyList_GET_SIZE(state) ? PyList_GET_ITEM(state, 0) : state;
    if (number != *self->outer_value || self->ended == NULL) return 0;
    PyObject *done = untraced(self->ended, NULL, 0);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

#endif
