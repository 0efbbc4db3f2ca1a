/* What copies of values know from before: the forms that were made last, the types of objects that were described, and
   which containers were met in the value that is being copied. */
#include "native.h"

#define MOST_KEPT 4096
#define GROUP 4
#define MOST_KEPT_ITEMS (1 << 15)

/* -- what is given up --------------------------------------------------------------------------------- */

static PyObject **dropped;
static size_t dropped_count, dropped_room;
static int held;

void hold_dropped(void) { held++; }

void release_dropped(void)
{
    if (--held) return;
    while (dropped_count && !held) {
        PyObject *form = dropped[--dropped_count];
        Py_DECREF(form); /* this may run code of the program's, which comes back here */
    }
}

void drop(PyObject *form)
{
    if (form == NULL) return;
    if (!held) {
        Py_DECREF(form);
        return;
    }
    if (dropped_count == dropped_room) {
        size_t room = dropped_room ? dropped_room * 2 : 64;
        PyObject **larger = PyMem_RawRealloc(dropped, room * sizeof(PyObject *));
        if (larger == NULL) return; /* it stays for ever */
        dropped = larger;
        dropped_room = room;
    }
    dropped[dropped_count++] = form;
}

/* -- what stands for objects of one type ------------------------------------------------------------- */

int is_small_text(PyObject *value, Py_ssize_t most)
{
#if PY_VERSION_HEX < 0x030C0000
    if (!PyUnicode_IS_READY(value)) return 0;
#endif
    return PyUnicode_GET_LENGTH(value) <= most;
}

static unsigned forgotten; /* how often descriptions of types were forgotten */

PyObject *forget_types(PyObject *module, PyObject *arguments)
{
    (void)module, (void)arguments;
    forgotten++;
    return Py_NewRef(Py_None);
}

/* What the dict has said is remembered until a type dies. */
PyObject *described(Snapshots *self, PyTypeObject *kind)
{
    if (PyDict_GET_SIZE(self->described) == 0) return NULL;
    Typed *typed = &self->typed[((uintptr_t)kind >> 4 ^ (uintptr_t)kind >> 10) & (TYPES - 1)];
    if (typed->kind == kind && typed->forgotten == forgotten) return typed->form;
    PyObject *number = PyLong_FromVoidPtr(kind);
    if (number == NULL) return NULL;
    PyObject *found = PyDict_GetItemWithError(self->described, number);
    Py_DECREF(number);
    if (found != NULL) {
        PyObject *before = typed->form;
        *typed = (Typed){kind, Py_NewRef(found), forgotten};
        hold_dropped(); /* it goes when something is copied next: items may be compared here, without a copy begun */
        drop(before);
        held--;
    }
    return found;
}

/* -- what is kept ------------------------------------------------------------------------------------ */

static inline size_t place_of(uintptr_t key, size_t size)
{
    return (size_t)(((uint64_t)key * 0x9E3779B97F4A7C15u) >> 40) & (size - 1);
}

/* The entries among which that of a key is: those of one group, the latest first. */
static inline Kept *group_of(Snapshots *self, uintptr_t key)
{
    return &self->kept[place_of(key, self->kept_size) & ~(size_t)(GROUP - 1)];
}

Kept *kept(Snapshots *self, uintptr_t key)
{
    if (self->kept == NULL) return NULL;
    Kept *entry = group_of(self, key);
    for (int i = 0; i < GROUP; i++)
        if (entry[i].key == key) return &entry[i];
    return NULL;
}

/* Put an entry first in its group, whose last one makes room for it; it takes over the reference to the form. */
static void put_first(Snapshots *self, Kept new)
{
    Kept *group = group_of(self, new.key);
    int last = 0;
    while (last < GROUP - 1 && group[last].key != 0 && group[last].key != new.key) last++;
    if (group[last].key != 0 && group[last].key != new.key) self->kept_lost++;
    PyObject *before = group[last].form;
    for (; last > 0; last--) group[last] = group[last - 1];
    group[0] = new;
    drop(before);
}

static int grow(Snapshots *self)
{
    size_t old_size = self->kept == NULL ? 0 : self->kept_size, size = old_size ? old_size * 4 : 64;
    Kept *old = self->kept, *entries = PyMem_Calloc(size, sizeof(Kept));
    if (entries == NULL) return -1;
    self->kept = entries;
    self->kept_size = size;
    for (size_t i = old_size; i > 0; i--)
        if (old[i - 1].key != 0) put_first(self, old[i - 1]);
    self->kept_lost = 0;
    PyMem_Free(old);
    return 0;
}

void forget_forms(Snapshots *self)
{
    hold_dropped(); /* or the table may be another one meanwhile */
    for (size_t i = 0; self->kept != NULL && i < self->kept_size; i++) {
        PyObject *form = self->kept[i].form;
        self->kept[i] = (Kept){0, NULL, NULL, 0, 0};
        drop(form);
    }
    self->kept_items = 0;
    release_dropped();
}

void keep(Snapshots *self, uintptr_t key, PyObject *form, PyObject *shown, Py_ssize_t length, int flat)
{
    if (self->kept == NULL || (self->kept_lost > self->kept_size / 8 && self->kept_size < MOST_KEPT))
        if (grow(self) < 0 && self->kept == NULL) return;
    Py_ssize_t own = items_in(form), more = shown == NULL ? 0 : items_in(shown);
    if (self->kept_items > MOST_KEPT_ITEMS) forget_forms(self);
    self->kept_items += (own > 0 ? own : 0) + (more > 0 ? more : 0);
    put_first(self, (Kept){key, Py_NewRef(form), shown, length, flat});
}

Py_ssize_t items_in(PyObject *value)
{
    if (PyList_CheckExact(value)) return PyList_GET_SIZE(value);
    if (PyTuple_CheckExact(value)) return PyTuple_GET_SIZE(value);
    if (PyDict_CheckExact(value)) return PyDict_GET_SIZE(value);
    return PyAnySet_CheckExact(value) ? PySet_GET_SIZE(value) : -1;
}

/* -- which containers have been met in one variable -------------------------------------------------- */

Met *met(Snapshots *self, uintptr_t key)
{
    if (self->met_count > MOST_MET / 2) return NULL;
    size_t at = place_of(key, MOST_MET);
    while (self->met[at].epoch == self->epoch && self->met[at].key != key) at = (at + 1) & (MOST_MET - 1);
    Met *entry = &self->met[at];
    if (entry->epoch != self->epoch) {
        *entry = (Met){key, NULL, self->epoch, NOT_MET, 0};
        self->met_count++;
    }
    return entry;
}
