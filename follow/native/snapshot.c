/* Values as they are now, within limits: what follow/describe.py and follow/flat.py do, for the built-in types.

   No code of the program runs here, nor any other Python code, and the collector is off meanwhile: so the GIL is
   held from a value's first item to its last, and no other thread can change it half way. What is not done here
   (objects that nobody has described yet, long strings, cycles, …) makes the whole value Python's task; where objects are
   recorded with their attributes only that part of it, once all the rest is made: for what was told is told once.

   The form that was made of a container last is kept. A container is turned into its form item by item, and as long as
   each is the item of the last form, nothing is made. So what has not changed costs a comparison a item. */
#include "native.h"

#define MOST_KEPT 4096
#define GROUP 4
#define MOST_KEPT_ITEMS (1 << 15)
#define MOST_MET 2048
#define AT_ONCE 64 /* so much of what copies weigh is taken from the room at once */
#define DEEPEST 50
enum { WHOLE, CUT, HEAD, NAMED, METHOD, CLASS, MODULE }; /* the variants of what is kept of one container */
enum { NOT_MET, UNDER_WAY, DONE };

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

/* -- what needs no copy ------------------------------------------------------------------------------ */

static inline int is_small_int(PyObject *value)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyUnstable_Long_IsCompact((PyLongObject *)value);
#else
    return PyLong_SHIFT == 30 && Py_SIZE(value) >= -1 && Py_SIZE(value) <= 1;
#endif
}

int is_small_text(PyObject *value, Py_ssize_t most)
{
#if PY_VERSION_HEX < 0x030C0000
    if (!PyUnicode_IS_READY(value)) return 0;
#endif
    return PyUnicode_GET_LENGTH(value) <= most;
}

static inline int is_plain(Snapshots *self, PyObject *value)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyLong_Type) return is_small_int(value);
    if (kind == &PyUnicode_Type) return self->texts && is_small_text(value, self->brief);
    return kind == &PyFloat_Type || value == Py_None || kind == &PyBool_Type;
}

int is_plain_item(Snapshots *self, PyObject *value) { return is_plain(self, value); }

static unsigned forgotten; /* how often descriptions of types were forgotten */

PyObject *forget_types(PyObject *module, PyObject *arguments)
{
    (void)module, (void)arguments;
    forgotten++;
    return Py_NewRef(Py_None);
}

/* What stands for any object of a type, or NULL; borrowed. What the dict has said is remembered until a type dies. */
static PyObject *described(Snapshots *self, PyTypeObject *kind)
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

/* -- what is kept ------------------------------------------------------------------------------------ */

static inline size_t place_of(uintptr_t key, size_t size)
{
    return (size_t)(((uint64_t)key * 0x9E3779B97F4A7C15u) >> 40) & (size - 1);
}

static inline uintptr_t key_of(PyObject *value, int variant) { return (uintptr_t)value | (uintptr_t)variant; }

/* The entries among which that of a key is: those of one group, the latest first. */
static inline Kept *group_of(Snapshots *self, uintptr_t key)
{
    return &self->kept[place_of(key, self->kept_size) & ~(size_t)(GROUP - 1)];
}

/* The entry of a key, or NULL; good until something else is kept. */
static inline Kept *kept(Snapshots *self, uintptr_t key)
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

static Py_ssize_t length_of(PyObject *value);

static void forget_forms(Snapshots *self)
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

static void keep(Snapshots *self, uintptr_t key, PyObject *form, PyObject *shown, Py_ssize_t length, int flat)
{
    if (self->kept == NULL || (self->kept_lost > self->kept_size / 2 && self->kept_size < MOST_KEPT))
        if (grow(self) < 0 && self->kept == NULL) return;
    Py_ssize_t own = length_of(form), more = shown == NULL ? 0 : length_of(shown);
    if (self->kept_items > MOST_KEPT_ITEMS) forget_forms(self);
    self->kept_items += (own > 0 ? own : 0) + (more > 0 ? more : 0);
    put_first(self, (Kept){key, Py_NewRef(form), shown, length, flat});
}

/* -- which containers have been met in one variable -------------------------------------------------- */

/* The place of a container; NULL when there are too many. */
static Met *met(Snapshots *self, uintptr_t key)
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

/* -- objects of follow's own classes, made without calling them -------------------------------------- */

static const char *const NAMES[] = {"number", "content", "type", "length", "shown", "name", "packed", "function", "method",
                                   "text", "module", "__name__"};
enum { NUMBER, CONTENT, TYPE, LENGTH, SHOWN, NAME, PACKED, FUNCTION, METHOD_NAME, TEXT, MODULE_NAME, NAME_OF };

/* An object with attributes: the indices of their names, and their values. */
static PyObject *made(Snapshots *self, PyTypeObject *kind, const int *names, PyObject *const *values, int count)
{
    PyObject *new = kind->tp_alloc(kind, 0);
    for (int i = 0; new != NULL && i < count; i++)
        if (PyObject_GenericSetAttr(new, self->names[names[i]], values[i]) < 0) Py_CLEAR(new);
    if (new != NULL && PyObject_GC_IsTracked(new)) PyObject_GC_UnTrack(new); /* a form holds no cycle */
    return new;
}

/* A new object that holds two others in its slots; no form is in a cycle that the collector had to find. */
static PyObject *pair(PyTypeObject *kind, Py_ssize_t at, PyObject *one, Py_ssize_t other_at, PyObject *other)
{
    PyObject *new = kind->tp_alloc(kind, 0);
    if (new == NULL) return NULL;
    *(PyObject **)((char *)new + at) = Py_NewRef(one);
    *(PyObject **)((char *)new + other_at) = Py_NewRef(other);
    if (PyObject_GC_IsTracked(new)) PyObject_GC_UnTrack(new);
    return new;
}

PyObject *tagged(Snapshots *self, PyObject *value, PyObject *content)
{
    PyObject *number = PyLong_FromVoidPtr(value);
    if (number == NULL) return NULL;
    PyObject *new = pair(self->tagged, self->tagged_number, number, self->tagged_content, content);
    Py_DECREF(number);
    return new;
}

PyObject *instance(Snapshots *self, PyObject *name, PyObject *attributes)
{
    return pair(self->instance, self->instance_type, name, self->instance_attributes, attributes);
}

PyObject *many_attributes(Snapshots *self, Py_ssize_t count)
{
    static const int names[] = {TYPE, LENGTH, SHOWN};
    PyObject *number = PyLong_FromSsize_t(count);
    if (number == NULL) return NULL;
    PyObject *values[] = {self->attributes_word, number, Py_None};
    PyObject *new = made(self, self->shortened, names, values, 3);
    Py_DECREF(number);
    return new;
}

/* What stands for a container beyond the limits; takes over the reference to what is shown of it. */
static PyObject *shortened(Snapshots *self, PyObject *value, Py_ssize_t length, PyObject *shown)
{
    static const int names[] = {TYPE, LENGTH, SHOWN};
    if (shown == NULL) return NULL;
    PyTypeObject *kind = Py_TYPE(value);
    PyObject *name = PyUnicode_InternFromString(kind->tp_name);
    PyObject *number = PyLong_FromSsize_t(length);
    PyObject *new = NULL;
    if (name != NULL && number != NULL) {
        PyObject *values[] = {name, number, shown};
        new = made(self, self->shortened, names, values, 3);
    }
    Py_XDECREF(name);
    Py_XDECREF(number);
    Py_DECREF(shown);
    if (new == NULL || kind == &PyTuple_Type || kind == &PyFrozenSet_Type) return new; /* those cannot change */
    PyObject *result = tagged(self, value, new);
    Py_DECREF(new);
    return result;
}

/* What stands for an object that has a name of its own; perhaps it was made before. `kind` is an index of NAMES. */
static PyObject *named(Snapshots *self, PyObject *object, int variant, int kind, PyObject *name)
{
    static const int names[] = {TYPE, NAME, PACKED, TEXT};
    uintptr_t key = key_of(object, variant);
    Kept *entry = kept(self, key);
    if (entry != NULL && entry->shown == name) return Py_NewRef(entry->form); /* it holds the name, so that is the same */
    PyObject *values[] = {self->names[kind], name, Py_None, Py_None};
    PyObject *new = made(self, self->descriptions, names, values, 4);
    if (new != NULL) keep(self, key, new, name, 0, 0);
    return new;
}

/* What stands for a function, method, module or class; NULL if it is none of those that are done here. */
static PyObject *named_form(Snapshots *self, PyObject *value)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyFunction_Type) return named(self, value, NAMED, FUNCTION, ((PyFunctionObject *)value)->func_qualname);
    if (kind == &PyMethod_Type) {
        PyObject *function = PyMethod_GET_FUNCTION(value);
        if (Py_TYPE(function) != &PyFunction_Type) return NULL;
        return named(self, function, METHOD, METHOD_NAME, ((PyFunctionObject *)function)->func_qualname);
    }
    if (kind == &PyModule_Type) {
        PyObject *held = PyModule_GetDict(value), *name;
        name = held == NULL ? NULL : PyDict_GetItemWithError(held, self->names[NAME_OF]);
        if (name == NULL) PyErr_Clear();
        return name != NULL && PyUnicode_CheckExact(name) ? named(self, value, MODULE, MODULE_NAME, name) : NULL;
    }
    if (!PyType_Check(value) || !PyType_HasFeature((PyTypeObject *)value, Py_TPFLAGS_HEAPTYPE)) return NULL;
    return named(self, value, CLASS, TYPE, ((PyHeapTypeObject *)value)->ht_name);
}

/* -- containers -------------------------------------------------------------------------------------- */

/* How many of the first `count` items have the same form as last time, when all were plain or described: so an item that
   is its own form cannot have changed. */
static Py_ssize_t same_items(Work *work, PyObject *const *items, Py_ssize_t count, PyObject *const *forms)
{
    PyTypeObject *kind = work->kind; /* nearly always all are of one type */
    PyObject *of_kind = work->described;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (items[i] == forms[i] || (Py_TYPE(items[i]) == kind && forms[i] == of_kind)) continue;
        if (quick(work, items[i]) != forms[i]) return i;
        kind = work->kind;
        of_kind = work->described;
    }
    return count;
}

/* The forms of the first `count` items; `old` has those of the last time from its `skip`-th item on, or is NULL. Gives
   `old` itself if nothing has changed, else a new list whose first `skip` items are NULL. */
static PyObject *items_form(
    Work *work, PyObject *const *items, Py_ssize_t count, PyObject *old, int flat, int skip, int depth, int *simple)
{
    PyObject *new = NULL;
    if (old == NULL && (new = PyList_New(count + skip)) == NULL) return NULL;
    Py_ssize_t i = old != NULL && flat ? same_items(work, items, count, ((PyListObject *)old)->ob_item + skip) : 0;
    for (; i < count; i++) {
        PyObject *form = quick(work, items[i]), *owned = NULL;
        if (form == NULL && (form = owned = form_of(work, items[i], depth + 1, simple)) == NULL) {
            Py_XDECREF(new);
            return NULL;
        }
        if (new == NULL) {
            if (PyList_GET_ITEM(old, i + skip) == form && work->hole == NULL) {
                Py_XDECREF(owned);
                continue;
            }
            if ((new = PyList_New(count + skip)) == NULL) {
                Py_XDECREF(owned);
                return NULL;
            }
            for (Py_ssize_t j = skip; j < i + skip; j++) PyList_SET_ITEM(new, j, Py_NewRef(PyList_GET_ITEM(old, j)));
        }
        PyList_SET_ITEM(new, i + skip, owned != NULL ? owned : Py_NewRef(form));
        if (work->hole != NULL && note_hole(work, new, NULL, i + skip) < 0) {
            Py_DECREF(new);
            return NULL;
        }
    }
    if (new == NULL) return Py_NewRef(old);
    PyObject_GC_UnTrack(new); /* a form holds no cycle, and never changes */
    return new;
}

static PyObject *list_form(Work *work, PyObject *value, int depth, int *simple)
{
    Snapshots *self = work->of;
    Py_ssize_t count = PyList_GET_SIZE(value);
    uintptr_t key = key_of(value, WHOLE);
    Kept *entry = kept(self, key);
    PyObject *old = entry != NULL && PyList_CheckExact(entry->form) ? entry->form : NULL;
    if (old != NULL && PyList_GET_SIZE(old) != count + 1) old = NULL;
    Py_XINCREF(old); /* what is in it may need its place */
    PyObject *form = items_form(work, ((PyListObject *)value)->ob_item, count, old, entry != NULL && entry->flat, 1, depth, simple);
    Py_XDECREF(old);
    if (form == NULL || form == old) return form;
    PyObject *number = PyLong_FromVoidPtr(value);
    if (number == NULL) {
        Py_DECREF(form);
        return NULL;
    }
    PyList_SET_ITEM(form, 0, number);
    keep(self, key, form, NULL, 0, *simple);
    return form;
}

static PyObject *tuple_form(Work *work, PyObject *value, int depth, int *simple)
{
    Snapshots *self = work->of;
    Py_ssize_t count = PyTuple_GET_SIZE(value);
    uintptr_t key = key_of(value, WHOLE);
    Kept *entry = kept(self, key);
    PyObject *old = entry != NULL && PyTuple_CheckExact(entry->form) ? entry->form : NULL;
    if (old != NULL && PyTuple_GET_SIZE(old) != count) old = NULL;
    Py_XINCREF(old);
    PyObject *same = value; /* what the new form is up to now: the value, the last form, or NULL */
    PyObject *new = NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyTuple_GET_ITEM(value, i);
        PyObject *form = quick(work, item), *owned = NULL;
        if (form == NULL && (form = owned = form_of(work, item, depth + 1, simple)) == NULL) goto failed;
        if (new == NULL) {
            if (same == value && (form != item || work->hole != NULL)) {
                same = old; /* may be NULL; what came before must be the same in both */
                for (Py_ssize_t j = 0; same != NULL && j < i; j++)
                    if (PyTuple_GET_ITEM(same, j) != PyTuple_GET_ITEM(value, j)) same = NULL;
                if (same == NULL) {
                    if ((new = PyTuple_New(count)) == NULL) goto dropped;
                    for (Py_ssize_t j = 0; j < i; j++) PyTuple_SET_ITEM(new, j, Py_NewRef(PyTuple_GET_ITEM(value, j)));
                }
            }
            if (same == old && same != NULL && same != value &&
                (PyTuple_GET_ITEM(old, i) != form || work->hole != NULL)) {
                if ((new = PyTuple_New(count)) == NULL) goto dropped;
                for (Py_ssize_t j = 0; j < i; j++) PyTuple_SET_ITEM(new, j, Py_NewRef(PyTuple_GET_ITEM(old, j)));
            }
        }
        if (new != NULL) PyTuple_SET_ITEM(new, i, Py_NewRef(form));
        Py_XDECREF(owned);
        if (work->hole != NULL && note_hole(work, new, NULL, i) < 0) goto failed;
        continue;
    dropped:
        Py_XDECREF(owned);
        goto failed;
    }
    if (new != NULL) {
        PyObject_GC_UnTrack(new);
        keep(self, key, new, NULL, 0, 0);
    } else {
        new = Py_NewRef(same);
    }
    Py_XDECREF(old);
    return new;
failed:
    Py_XDECREF(new);
    Py_XDECREF(old);
    return NULL;
}

static PyObject *container_form(Work *work, PyObject *value, int depth);

/* Whether a dict's key is its own form: if it is plain, or with `tuples` a tuple of what is plain. */
static int is_own_form(Work *work, PyObject *key, int tuples, int depth)
{
    if (is_plain(work->of, key)) return 1;
    if (!tuples || !PyTuple_CheckExact(key)) return 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); i++)
        if (!is_plain(work->of, PyTuple_GET_ITEM(key, i))) return 0;
    PyObject *form = container_form(work, key, depth);
    Py_XDECREF(form);
    return form == key;
}

/* The form of a dict's first `count` pairs, as `items_form`; keys that are not their own forms are Python's task. */
static PyObject *pairs_form(
    Work *work, PyObject *value, Py_ssize_t count, PyObject *old, int tuples, int depth, int *simple)
{
    Py_ssize_t at = 0, at_old = 0, index = 0;
    PyObject *key, *item, *new = NULL;
    for (; index < count && PyDict_Next(value, &at, &key, &item); index++) /* before any object is told */
        if (!is_own_form(work, key, tuples, depth + 1)) return NULL;
    at = index = 0;
    if (old == NULL && (new = PyDict_New()) == NULL) return NULL;
    for (; index < count && PyDict_Next(value, &at, &key, &item); index++) {
        PyObject *old_key = NULL, *old_item = NULL;
        PyObject *form = quick(work, item), *owned = NULL;
        if (form == NULL) form = owned = form_of(work, item, depth + 1, simple);
        if (form == NULL) {
            Py_XDECREF(new);
            return NULL;
        }
        int failed = 0;
        if (new == NULL) {
            if (PyDict_Next(old, &at_old, &old_key, &old_item) && old_key == key && old_item == form &&
                work->hole == NULL) {
                Py_XDECREF(owned);
                continue;
            }
            failed = (new = PyDict_New()) == NULL;
            Py_ssize_t before = 0, again = 0;
            while (!failed && again++ < index && PyDict_Next(old, &before, &old_key, &old_item))
                failed = PyDict_SetItem(new, old_key, old_item) < 0;
        }
        failed = failed || PyDict_SetItem(new, key, form) < 0;
        Py_XDECREF(owned);
        failed = failed || (work->hole != NULL && note_hole(work, new, key, 0) < 0);
        if (failed) {
            Py_XDECREF(new);
            return NULL;
        }
    }
    return new == NULL ? Py_NewRef(old) : new;
}

static PyObject *dict_form(Work *work, PyObject *value, int depth, int *simple)
{
    Snapshots *self = work->of;
    Py_ssize_t count = PyDict_GET_SIZE(value);
    uintptr_t key = key_of(value, WHOLE);
    Kept *entry = kept(self, key);
    PyObject *old = entry != NULL && PyDict_CheckExact(entry->form) ? entry->form : NULL;
    if (old != NULL && PyDict_GET_SIZE(old) != count + 1) old = NULL;
    Py_XINCREF(old);
    PyObject *form = pairs_form(work, value, count, old, 1, depth, simple);
    Py_XDECREF(old);
    if (form == NULL || form == old) return form;
    PyObject *number = PyLong_FromVoidPtr(value);
    if (number == NULL || PyDict_SetItem(form, self->identity, number) < 0) Py_CLEAR(form);
    Py_XDECREF(number);
    if (form == NULL) return NULL;
    if (PyObject_GC_IsTracked(form)) PyObject_GC_UnTrack(form);
    keep(self, key, form, NULL, 0, 0);
    return form;
}

/* The first `count` items of a set as a list, if they are all plain. */
static PyObject *set_items(Work *work, PyObject *value, Py_ssize_t count)
{
    PyObject *iterator = PyObject_GetIter(value);
    PyObject *found = iterator == NULL ? NULL : PyList_New(0);
    PyObject *item;
    while (found != NULL && PyList_GET_SIZE(found) < count && (item = PyIter_Next(iterator)) != NULL) {
        if (!is_plain(work->of, item) || PyList_Append(found, item) < 0) Py_CLEAR(found);
        Py_DECREF(item);
    }
    Py_XDECREF(iterator);
    if (found != NULL && PyList_GET_SIZE(found) < count) Py_CLEAR(found);
    return found;
}

static PyObject *set_form(Work *work, PyObject *value)
{
    PyObject *items = set_items(work, value, PySet_GET_SIZE(value));
    if (items == NULL) return NULL;
    Py_DECREF(items);
    if (PyFrozenSet_CheckExact(value)) return Py_NewRef(value);
    PyObject *copy = PySet_New(value);
    if (copy == NULL) return NULL;
    PyObject_GC_UnTrack(copy);
    PyObject *form = tagged(work->of, value, copy);
    Py_DECREF(copy);
    return form;
}

/* What stands for a container that is too deep, or for which there is no room any more: its length. */
static PyObject *cut_form(Work *work, PyObject *value, Py_ssize_t length)
{
    Snapshots *self = work->of;
    uintptr_t key = key_of(value, CUT);
    Kept *entry = kept(self, key);
    if (entry != NULL && entry->length == length && entry->shown == (PyObject *)Py_TYPE(value))
        return Py_NewRef(entry->form);
    PyObject *form = shortened(self, value, length, Py_NewRef(Py_None));
    if (form != NULL) keep(self, key, form, (PyObject *)Py_TYPE(value), length, 0);
    return form;
}

/* What stands for a container with too many items: the first ones, and how many there are. */
static PyObject *head_form(Work *work, PyObject *value, Py_ssize_t length, int depth)
{
    Snapshots *self = work->of;
    Py_ssize_t count = self->items;
    PyTypeObject *kind = Py_TYPE(value);
    if (PyAnySet_CheckExact(value)) return shortened(self, value, length, set_items(work, value, count));
    uintptr_t key = key_of(value, HEAD);
    Kept *entry = kept(self, key);
    PyObject *last = entry == NULL ? NULL : Py_NewRef(entry->form); /* keeps what it shows */
    PyObject *old = entry == NULL ? NULL : entry->shown;
    Py_ssize_t old_length = entry == NULL ? -1 : entry->length;
    PyObject *shown;
    int simple = 1;
    if (kind == &PyDict_Type) {
        if (old != NULL && (!PyDict_CheckExact(old) || PyDict_GET_SIZE(old) != count)) old = NULL;
        shown = pairs_form(work, value, count, old, 0, depth, &simple);
    } else {
        if (old != NULL && (!PyList_CheckExact(old) || PyList_GET_SIZE(old) != count)) old = NULL;
        PyObject **items = kind == &PyList_Type ? ((PyListObject *)value)->ob_item : ((PyTupleObject *)value)->ob_item;
        shown = items_form(work, items, count, old, entry != NULL && entry->flat, 0, depth, &simple);
    }
    PyObject *form;
    if (shown != NULL && shown == old && length == old_length) {
        Py_DECREF(shown);
        return last;
    }
    form = shortened(self, value, length, shown);
    if (form != NULL) keep(self, key, form, shown, length, simple);
    Py_XDECREF(last);
    return form;
}

static Py_ssize_t length_of(PyObject *value)
{
    if (PyList_CheckExact(value)) return PyList_GET_SIZE(value);
    if (PyTuple_CheckExact(value)) return PyTuple_GET_SIZE(value);
    if (PyDict_CheckExact(value)) return PyDict_GET_SIZE(value);
    return PyAnySet_CheckExact(value) ? PySet_GET_SIZE(value) : -1;
}

static PyObject *container_form(Work *work, PyObject *value, int depth)
{
    Snapshots *self = work->of;
    Py_ssize_t length = length_of(value);
    if (length < 0 || depth > DEEPEST) return NULL;
    Met *place = met(self, (uintptr_t)value);
    if (place == NULL || place->state == UNDER_WAY) return NULL; /* a cycle is Python's task */
    if (place->state == DONE && (self->told == NULL || place->level == work->level)) return Py_NewRef(place->form);
    if (depth >= self->depth && length) return cut_form(work, value, length);
    work->nodes -= length < self->items ? length : self->items;
    if (work->nodes < 0) return cut_form(work, value, length);
    place->state = UNDER_WAY;
    int simple = length <= self->items;
    PyTypeObject *kind = Py_TYPE(value);
    PyObject *form = length > self->items   ? head_form(work, value, length, depth)
                     : kind == &PyList_Type  ? list_form(work, value, depth, &simple)
                     : kind == &PyTuple_Type ? tuple_form(work, value, depth, &simple)
                     : kind == &PyDict_Type  ? dict_form(work, value, depth, &simple)
                                             : set_form(work, value);
    /* As in Python, what is met twice is one object where it is a list or dict, and else where it is simple. */
    int stays = length <= self->items && (kind == &PyList_Type || kind == &PyDict_Type || simple);
    if (kind == &PyFrozenSet_Type) stays = 0;
    place->state = form != NULL && stays ? DONE : NOT_MET;
    place->level = (char)work->level;
    place->form = form;
    if (self->told != NULL && place->state == DONE) self->staying[self->staying_count++] = Py_NewRef(form);
    if (self->staying_count == MOST_MET) place->state = NOT_MET, Py_DECREF(self->staying[--self->staying_count]);
    return form;
}

/* Of an object whose own name stands for it what tells it from another that gets its place; 0 of others. `of` is the type
   that a method's name tells as well, or NULL: it is only compared. Python code finds out the name. */
static Py_ssize_t named_by(PyObject *value, PyObject **of)
{
    *of = NULL;
    if (PyType_Check(value)) return 1; /* one of C, which never dies */
    if (!PyCFunction_CheckExact(value)) return 0;
    PyObject *self = ((PyCFunctionObject *)value)->m_self;
    if (self != NULL) *of = PyType_Check(self) ? self : (PyObject *)Py_TYPE(self);
    if (*of != NULL && PyType_HasFeature((PyTypeObject *)*of, Py_TPFLAGS_HEAPTYPE)) return 0; /* it may die, or be renamed */
    return (Py_ssize_t)((PyCFunctionObject *)value)->m_ml;
}

static PyObject *form_by_type(Work *work, PyObject *value, int depth, int *simple)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (PyErr_Occurred()) return NULL;
    if (kind == &PyUnicode_Type) { /* a longer string weighs more */
        if (!is_small_text(value, work->of->string)) return NULL;
        work->weight += PyUnicode_GET_LENGTH(value) / work->of->short_;
        return Py_NewRef(value);
    }
    *simple = 0;
    if (kind == &PyLong_Type) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (!overflow && number != LLONG_MIN && work->of->bits >= 63) return Py_NewRef(value);
#if PY_VERSION_HEX < 0x030E0000
        size_t bits = _PyLong_NumBits(value);
        if (bits > (size_t)work->of->bits) return NULL;
        work->weight += (Py_ssize_t)bits / (8 * work->of->short_);
        return Py_NewRef(value);
#else
        return NULL;
#endif
    }
    if (kind == &PyComplex_Type || value == Py_Ellipsis || value == Py_NotImplemented) return Py_NewRef(value);
    if (kind == &PyBytes_Type) {
        if (PyBytes_GET_SIZE(value) > work->of->string) return NULL;
        work->weight += PyBytes_GET_SIZE(value) / work->of->short_;
        return Py_NewRef(value);
    }
    if (kind == &PyFunction_Type || kind == &PyMethod_Type || kind == &PyModule_Type || PyType_Check(value)) {
        PyObject *form = work->of->objects && work->of->told == NULL ? NULL : named_form(work->of, value);
        if (form != NULL || work->of->told == NULL || PyErr_Occurred()) return form;
    }
    if (work->of->told != NULL && length_of(value) < 0) {
        int has = has_attributes(work->of->told, kind);
        if (has) return has < 0 ? NULL : object_form(work, value, NULL, depth);
        PyObject *of;
        Py_ssize_t what = named_by(value, &of);
        Kept *entry = what == 0 ? NULL : kept(work->of, key_of(value, NAMED));
        if (what != 0) return entry != NULL && entry->length == what && entry->shown == of ? Py_NewRef(entry->form) : NULL;
        PyObject *found = described(work->of, kind);
        return Py_XNewRef(found);
    }
    return container_form(work, value, depth);
}

void keep_named(Snapshots *self, PyObject *value, PyObject *form)
{
    PyObject *of;
    Py_ssize_t what = length_of(value) < 0 ? named_by(value, &of) : 0;
    if (what != 0) keep(self, key_of(value, NAMED), form, of, what, 0);
}

/* What stands for an item that is not plain; NULL if it is Python's task: where objects are told it is a hole then.
   `simple` is cleared where the container that it is in is none that follow/flat.py would take. */
PyObject *form_of(Work *work, PyObject *value, int depth, int *simple)
{
    PyObject *form = form_by_type(work, value, depth, simple);
    if (form != NULL || work->of->told == NULL || PyErr_Occurred()) return form;
    *simple = 0;
    work->hole = value;
    work->hole_depth = depth;
    return Py_NewRef(work->of->missing);
}

/* -- the doors --------------------------------------------------------------------------------------- */

Py_ssize_t slot_in(PyTypeObject *kind, const char *name)
{
    PyObject *found = PyObject_GetAttrString((PyObject *)kind, name);
    Py_ssize_t at = 0;
    if (found != NULL && Py_IS_TYPE(found, &PyMemberDescr_Type) && PyDescr_TYPE(found) == kind)
        at = ((PyMemberDescrObject *)found)->d_member->offset;
    if (found == NULL && !PyErr_ExceptionMatches(PyExc_MemoryError)) PyErr_Clear();
    Py_XDECREF(found);
    return at;
}

PyObject **number_in(PyObject *object)
{
    Py_ssize_t at = slot_in(Py_TYPE(object), "value");
    if (at) return (PyObject **)((char *)object + at);
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "a Number with its value in a slot is needed");
    return NULL;
}

/* A copy was made: there is less room. */
void snapshot_weigh(Snapshots *self, Py_ssize_t weight)
{
    PyObject **place = self->room_value;
    self->owed += weight;
    if (self->owed < AT_ONCE || *place == NULL) return;
    Py_ssize_t room = PyLong_AsSsize_t(*place);
    PyObject *left = PyErr_Occurred() ? NULL : PyLong_FromSsize_t(room - self->owed);
    if (left == NULL) PyErr_Clear();
    else Py_SETREF(*place, left);
    self->owed = 0;
}

/* A value is about to be copied. */
void snapshot_begin(Snapshots *self)
{
    if (++self->epoch == 0) { /* once in four thousand million values */
        memset(self->met, 0, MOST_MET * sizeof(Met));
        self->epoch = 1;
    }
    self->met_count = 0;
}

/* The last form of a list of plain values that is as it was: nothing is made then. NULL where it is not known to be. */
static PyObject *same_list(Snapshots *self, PyObject *value)
{
    Py_ssize_t count = PyList_GET_SIZE(value);
    Kept *entry = count > self->items || count > self->nodes || self->depth < 1 ? NULL : kept(self, key_of(value, WHOLE));
    if (entry == NULL || !entry->flat || !PyList_CheckExact(entry->form) || PyList_GET_SIZE(entry->form) != count + 1)
        return NULL;
    Work work = {.of = self};
    PyObject *const *forms = ((PyListObject *)entry->form)->ob_item + 1;
    if (same_items(&work, ((PyListObject *)value)->ob_item, count, forms) < count) return NULL;
    PyObject *form = Py_NewRef(entry->form);
    snapshot_weigh(self, count);
    return form;
}

/* The form of a value that is not plain; NULL without an error if it is Python's task. */
static PyObject *form_here(Snapshots *self, PyObject *value)
{
    if (!self->texts) return NULL;
    PyObject *last = PyList_CheckExact(value) ? same_list(self, value) : NULL;
    if (last != NULL) return last;
    Work work = {.of = self, .nodes = self->nodes};
    snapshot_begin(self);
    int simple = 0;
    int enabled = PyGC_Disable(); /* a finalizer could change what is being copied */
    hold_dropped();
    PyObject *form = form_of(&work, value, 0, &simple);
    if (enabled) PyGC_Enable();
    release_dropped();
    if (form == NULL) PyErr_Clear();
    else snapshot_weigh(self, self->nodes - work.nodes + work.weight);
    self->kept_items += work.weight;
    return form;
}

void clear_beside_error(PyObject **object)
{
    PyObject *kind, *value, *traceback;
    PyErr_Fetch(&kind, &value, &traceback);
    Py_CLEAR(*object);
    PyErr_Restore(kind, value, traceback);
}

int no_room_left(void)
{
    if (!PyErr_Occurred()) return 1;
    if (!PyErr_ExceptionMatches(PyExc_RecursionError) && !PyErr_ExceptionMatches(PyExc_MemoryError)) return 0;
    PyErr_Clear();
    return 1;
}

static PyObject *by_python(Snapshots *self, PyObject *function, PyObject *value)
{
    if (function == NULL) return Py_NewRef(self->lost);
    PyObject *form = untraced(function, &value, 1);
    return form == NULL && no_room_left() ? Py_NewRef(self->lost) : form;
}

PyObject *snapshot_of(Snapshots *self, PyObject *value, int whole, int refers)
{
    PyTypeObject *kind = Py_TYPE(value);
    if ((whole && kind == &PyLong_Type) || is_plain(self, value) || value == self->missing) return Py_NewRef(value);
    if (kind == &PyUnicode_Type && self->texts && is_small_text(value, self->string)) return Py_NewRef(value);
    if (self->told != NULL) {
        PyObject *reference = refers ? reference_to(self->told, value) : NULL;
        return reference != NULL ? Py_NewRef(reference) : told_form(self, value, 1, 0, NULL);
    }
    if (kind != &PyList_Type && kind != &PyTuple_Type) {
        PyObject *found = described(self, kind);
        if (found != NULL) return Py_NewRef(found);
        PyErr_Clear();
    }
    PyObject *form = form_here(self, value);
    return form == NULL ? by_python(self, self->copy, value) : form;
}

PyObject *snapshot_change(Snapshots *self, PyObject *value, int level)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (kind == &PyLong_Type || kind == &PyUnicode_Type || kind == &PyFloat_Type) return Py_NewRef(Py_None);
    if (self->told != NULL) return told_change(self, value, level);
    if (kind == &PyList_Type || kind == &PyTuple_Type || kind == &PyDict_Type || kind == &PySet_Type) {
        PyObject *form = form_here(self, value);
        return form == NULL ? by_python(self, self->copy, value) : form;
    }
    if (self->objects) {
        if (self->looks == NULL || level < 0 || level >= PyTuple_GET_SIZE(self->looks)) return by_python(self, self->change, value);
        return by_python(self, PyTuple_GET_ITEM(self->looks, level), value);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self->others); i++)
        if ((PyObject *)kind == PyTuple_GET_ITEM(self->others, i)) return by_python(self, self->copy, value);
    return Py_NewRef(Py_None);
}

PyObject *snapshot_cell(Snapshots *self, PyObject *cell)
{
    PyObject *value = PyCell_Check(cell) ? PyCell_GET(cell) : NULL;
    if (value == NULL) return Py_NewRef(self->missing);
    Py_INCREF(value);
    PyObject *form = snapshot_of(self, value, 0, 0);
    Py_DECREF(value);
    return form;
}

PyObject *snapshot_hidden(Snapshots *self, PyObject *value)
{
    return by_python(self, self->hide, value);
}

/* -- the type ---------------------------------------------------------------------------------------- */

/* What breaks cycles, no more: a finalizer may run followed code while the collector is at it. */
static int snapshots_clear(Snapshots *self)
{
    forget_forms(self);
    if (self->told != NULL) objects_forget(self->told);
    Py_CLEAR(self->leaf);
    Py_CLEAR(self->looks);
    Py_CLEAR(self->copy);
    Py_CLEAR(self->change);
    Py_CLEAR(self->hide);
    return 0;
}

static int snapshots_traverse(Snapshots *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    for (size_t i = 0; self->kept != NULL && i < self->kept_size; i++) Py_VISIT(self->kept[i].form);
    Py_VISIT(self->described);
    Py_VISIT(self->leaf);
    Py_VISIT(self->looks);
    Py_VISIT(self->instance);
    Py_VISIT(self->copy);
    Py_VISIT(self->change);
    Py_VISIT(self->hide);
    Py_VISIT(self->lost);
    Py_VISIT(self->missing);
    Py_VISIT(self->identity);
    Py_VISIT(self->tagged);
    Py_VISIT(self->shortened);
    Py_VISIT(self->descriptions);
    Py_VISIT(self->others);
    Py_VISIT(self->deque);
    Py_VISIT(self->room);
    return 0;
}

static void snapshots_dealloc(Snapshots *self)
{
    PyTypeObject *kind = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    snapshots_clear(self);
    objects_free(self->told);
    PyMem_Free(self->staying);
    Py_CLEAR(self->instance);
    Py_CLEAR(self->more);
    Py_CLEAR(self->attributes_word);
    Py_CLEAR(self->room);
    Py_CLEAR(self->described);
    Py_CLEAR(self->lost);
    Py_CLEAR(self->missing);
    Py_CLEAR(self->identity);
    Py_CLEAR(self->tagged);
    Py_CLEAR(self->shortened);
    Py_CLEAR(self->descriptions);
    Py_CLEAR(self->others);
    Py_CLEAR(self->deque);
    for (int i = 0; i < TYPES; i++) Py_CLEAR(self->typed[i].form);
    for (int i = 0; i < SNAPSHOT_NAMES; i++) Py_CLEAR(self->names[i]);
    PyMem_Free(self->kept);
    PyMem_Free(self->met);
    kind->tp_free((PyObject *)self);
    Py_DECREF(kind);
}

static PyObject *snapshots_new(PyTypeObject *kind, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"depth", "items", "string", "nodes", "bits", "texts", "objects", "described", "copy",
                            "change", "hide", "lost", "missing", "identity", "tagged", "shortened", "descriptions",
                            "others", "deque", "room", "short", "attributes", "instance", "more", "leaf", "looks", NULL};
    Py_ssize_t depth, items, string, nodes;
    int bits, texts, objects;
    PyObject *described, *copy, *change, *hide, *lost, *missing, *identity, *others, *deque, *room;
    PyObject *more, *leaf, *looks;
    Py_ssize_t brief, attributes;
    PyTypeObject *tagged, *shortened, *descriptions, *instance;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "$nnnnippO!OOOOOO!O!O!O!O!OOnnO!O!OO!:Snapshots", names, &depth, &items, &string, &nodes, &bits, &texts,
            &objects, &PyDict_Type, &described, &copy, &change, &hide, &lost, &missing, &PyUnicode_Type, &identity,
            &PyType_Type, &tagged, &PyType_Type, &shortened, &PyType_Type, &descriptions, &PyTuple_Type, &others,
            &deque, &room, &brief, &attributes, &PyType_Type, &instance, &PyUnicode_Type, &more, &leaf, &PyTuple_Type, &looks))
        return NULL;
    if (brief < 1) {
        PyErr_SetString(PyExc_ValueError, "Snapshots: short must be at least 1");
        return NULL;
    }
    PyObject **room_value = number_in(room);
    if (room_value == NULL) return NULL;
    Py_ssize_t tagged_number = slot_in(tagged, "number"), tagged_content = slot_in(tagged, "content");
    Py_ssize_t instance_type = slot_in(instance, "type"), instance_attributes = slot_in(instance, "attributes");
    if (!tagged_number || !tagged_content || !instance_type || !instance_attributes) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "Snapshots needs classes with slots");
        return NULL;
    }
    Snapshots *self = (Snapshots *)kind->tp_alloc(kind, 0);
    if (self == NULL) return NULL;
    self->depth = depth;
    self->items = items;
    self->string = string;
    self->nodes = nodes;
    self->bits = bits;
    self->texts = texts;
    self->objects = objects;
    self->described = Py_NewRef(described);
    self->copy = Py_NewRef(copy);
    self->change = Py_NewRef(change);
    self->hide = Py_NewRef(hide);
    self->lost = Py_NewRef(lost);
    self->missing = Py_NewRef(missing);
    self->identity = Py_NewRef(identity);
    self->tagged = (PyTypeObject *)Py_NewRef((PyObject *)tagged);
    self->shortened = (PyTypeObject *)Py_NewRef((PyObject *)shortened);
    self->descriptions = (PyTypeObject *)Py_NewRef((PyObject *)descriptions);
    self->others = Py_NewRef(others);
    self->deque = Py_NewRef(deque);
    self->room = Py_NewRef(room);
    self->tagged_number = tagged_number;
    self->tagged_content = tagged_content;
    self->instance_type = instance_type;
    self->instance_attributes = instance_attributes;
    self->attributes = attributes;
    self->instance = (PyTypeObject *)Py_NewRef((PyObject *)instance);
    self->more = Py_NewRef(more);
    self->leaf = Py_NewRef(leaf);
    self->looks = Py_NewRef(looks);
    self->room_value = room_value;
    self->short_ = brief;
    self->brief = string < brief ? string : brief;
    self->met = PyMem_Calloc(MOST_MET, sizeof(Met));
    self->attributes_word = PyUnicode_InternFromString("attributes");
    int failed = self->met == NULL || self->attributes_word == NULL;
    if (objects && leaf != Py_None && !failed) {
        self->told = objects_new();
        self->staying = PyMem_New(PyObject *, MOST_MET);
        failed = self->told == NULL || self->staying == NULL;
    }
    for (int i = 0; i < SNAPSHOT_NAMES && !failed; i++)
        failed = (self->names[i] = PyUnicode_InternFromString(NAMES[i])) == NULL;
    if (failed) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static PyObject *method_value(PyObject *self, PyObject *value) { return snapshot_of((Snapshots *)self, value, 1, 0); }
static PyObject *method_change(PyObject *self, PyObject *value) { return snapshot_change((Snapshots *)self, value, 1); }

/* `told(value, level)`, `told(value, level, depth)`, `told(value, level, depth, attributes)` */
static PyObject *method_told(PyObject *object, PyObject *args)
{
    Snapshots *self = (Snapshots *)object;
    PyObject *value, *given = NULL;
    int level, depth = 0;
    if (!PyArg_ParseTuple(args, "Oi|iO!", &value, &level, &depth, &PyDict_Type, &given)) return NULL;
    if (self->told == NULL) return Py_NewRef(self->missing);
    return is_plain(self, value) ? Py_NewRef(value) : told_form(self, value, level, depth, given);
}

static PyObject *method_look(PyObject *self, PyObject *args)
{
    PyObject *value;
    int level;
    if (!PyArg_ParseTuple(args, "Oi", &value, &level)) return NULL;
    return snapshot_change((Snapshots *)self, value, level);
}

static PyObject *method_refer(PyObject *self, PyObject *value) { return snapshot_of((Snapshots *)self, value, 1, 1); }

static PyObject *method_forget(PyObject *self, PyObject *arguments)
{
    (void)arguments;
    if (((Snapshots *)self)->told != NULL) objects_forget(((Snapshots *)self)->told);
    return Py_NewRef(Py_None);
}
static PyObject *method_cell(PyObject *self, PyObject *cell) { return snapshot_cell((Snapshots *)self, cell); }

static PyObject *method_form(PyObject *self, PyObject *value)
{
    PyObject *form = form_here((Snapshots *)self, value);
    return form == NULL ? Py_NewRef(((Snapshots *)self)->missing) : form;
}

/* Whether a form is the same value as that of last time; -1 with an exception. */
static int as_before(PyObject *form, PyObject *before, PyObject *is_same)
{
    if (form == before || Py_TYPE(form) != Py_TYPE(before)) return form == before;
    PyObject *given[] = {form, before}, *told = untraced(is_same, given, 2);
    int same = told == NULL ? -1 : PyObject_IsTrue(told);
    Py_XDECREF(told);
    return same;
}

/* After each statement of a module nearly all of its names have not changed. */
PyObject *gather_names(Snapshots *self, PyObject *found, PyObject *last, PyObject *names, const unsigned char *bits, PyObject *is_same)
{
    PyObject *changed = PyDict_New();
    for (Py_ssize_t i = 0; changed != NULL && i < PySequence_Fast_GET_SIZE(names); i++) {
        if (bits != NULL && !(bits[i / 8] >> i % 8 & 1)) continue;
        PyObject *name = PySequence_Fast_GET_ITEM(names, i);
        PyObject *value = PyDict_GetItemWithError(found, name), *before = PyDict_GetItemWithError(last, name);
        if (value == NULL) value = self->missing;
        if (before == NULL) before = self->missing;
        if (value == before && !PyErr_Occurred()) continue;
        Py_INCREF(name); /* what runs now may change all of them */
        Py_INCREF(value);
        Py_INCREF(before);
        PyObject *form = PyErr_Occurred() ? NULL : snapshot_of(self, value, 0, 0);
        int same = form == NULL ? -1 : as_before(form, before, is_same);
        if (same < 0 || (!same && PyDict_SetItem(changed, name, form) < 0)) clear_beside_error(&changed);
        Py_XDECREF(form);
        Py_DECREF(before);
        Py_DECREF(value);
        Py_DECREF(name);
    }
    if (changed != NULL && PyDict_Update(last, changed) < 0) clear_beside_error(&changed);
    return changed;
}

/* `gather(found, last, names, is_same)` */
static PyObject *method_gather(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    if (count != 4 || !PyDict_Check(args[0]) || !PyDict_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "gather() takes two dicts, names, and what compares");
        return NULL;
    }
    PyObject *names = PySequence_Fast(args[2], "names must be a sequence");
    PyObject *changed = names == NULL ? NULL : gather_names((Snapshots *)object, args[0], args[1], names, NULL, args[3]);
    Py_XDECREF(names);
    return changed;
}

static PyMethodDef snapshots_methods[] = {
    {"gather", (PyCFunction)(void *)method_gather, METH_FASTCALL, "What has changed of a module's names."},
    {"value", method_value, METH_O, "A variable's value as it is now."},
    {"change", method_change, METH_O, "A copy of what may have changed; None of what cannot change."},
    {"told", method_told, METH_VARARGS, "The form of a value, objects with their attributes."},
    {"look", method_look, METH_VARARGS, "What has changed of a value, objects looked at as a level says, or None."},
    {"refer", method_refer, METH_O, "A variable's value where nothing ran that may have changed an object."},
    {"forget", method_forget, METH_NOARGS, "What was told of objects is gone."},
    {"cell", method_cell, METH_O, "What a closure's cell holds now."},
    {"form", method_form, METH_O, "The form of a container; what stands for MISSING if it is Python's task."},
    {NULL, NULL, 0, NULL}};

static PyType_Slot snapshots_slots[] = {
    {Py_tp_doc, "Copies values within limits."},
    {Py_tp_new, (void *)snapshots_new},
    {Py_tp_dealloc, (void *)snapshots_dealloc},
    {Py_tp_traverse, (void *)snapshots_traverse},
    {Py_tp_clear, (void *)snapshots_clear},
    {Py_tp_methods, snapshots_methods},
    {0, NULL}};

PyType_Spec snapshots_spec = {
    "follow._native.Snapshots", sizeof(Snapshots), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, snapshots_slots};
