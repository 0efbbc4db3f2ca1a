/* The forms of lists, tuples, dicts and sets, item by item: see snapshot.c. */
#include "native.h"

#define DEEPEST 50

Py_ssize_t same_items(Work *work, PyObject *const *items, Py_ssize_t count, PyObject *const *forms)
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
    Met *place = work->place;
    work->place = NULL;
    if (old == NULL && (new = PyList_New(count + skip)) == NULL) return NULL;
    if (place != NULL) place->form = new;
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
    without_collector(work->of, new); /* it never changes */
    return new;
}

static PyObject *list_form(Work *work, PyObject *value, int depth, int *simple)
{
    Snapshots *self = work->of;
    Py_ssize_t count = PyList_GET_SIZE(value);
    uintptr_t key = key_of(value, OF_WHOLE);
    Kept *entry = kept(self, key);
    PyObject *old = entry != NULL && PyList_CheckExact(entry->form) && !work->cyclic ? entry->form : NULL;
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
    if (!work->cyclic) keep(self, key, form, NULL, 0, *simple);
    return form;
}

static PyObject *tuple_form(Work *work, PyObject *value, int depth, int *simple)
{
    Snapshots *self = work->of;
    Py_ssize_t count = PyTuple_GET_SIZE(value);
    uintptr_t key = key_of(value, OF_WHOLE);
    Kept *entry = kept(self, key);
    PyObject *old = entry != NULL && PyTuple_CheckExact(entry->form) && !work->cyclic ? entry->form : NULL;
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
        without_collector(self, new);
        if (!work->cyclic) keep(self, key, new, NULL, 0, 0);
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

static int are_own_forms(Work *work, PyObject *value, Py_ssize_t count, int tuples, int depth)
{
    PyObject *key, *item;
    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; i < count && PyDict_Next(value, &at, &key, &item); i++)
        if (!is_own_form(work, key, tuples, depth)) return 0;
    return 1;
}

/* The form of a dict's first `count` pairs, as `items_form`; all keys are their own forms. */
static PyObject *pairs_form(Work *work, PyObject *value, Py_ssize_t count, PyObject *old, int depth, int *simple)
{
    Py_ssize_t at = 0, at_old = 0;
    PyObject *key, *item, *new = NULL;
    Met *place = work->place;
    work->place = NULL;
    if (old == NULL && (new = PyDict_New()) == NULL) return NULL;
    if (place != NULL) place->form = new;
    for (Py_ssize_t index = 0; index < count && PyDict_Next(value, &at, &key, &item); index++) {
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

/* Whether a form can be a key without any code of the program's: see is_hashable in follow/describe.py. */
static int is_hashable(PyObject *form)
{
    PyTypeObject *kind = Py_TYPE(form);
    if (kind == &PyTuple_Type) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(form); i++)
            if (!is_hashable(PyTuple_GET_ITEM(form, i))) return 0;
        return 1;
    }
    return kind == &PyLong_Type || kind == &PyUnicode_Type || kind == &PyFloat_Type || kind == &PyBool_Type
           || kind == &PyBytes_Type || kind == &PyComplex_Type || kind == &PyFrozenSet_Type || form == Py_None
           || form == Py_Ellipsis || form == Py_NotImplemented;
}

static PyObject *item_form(Work *work, PyObject *item, int depth, int *simple)
{
    PyObject *form = quick(work, item);
    return form != NULL ? Py_NewRef(form) : form_of(work, item, depth, simple);
}

/* A dict's first `count` pairs as a list of tuples; `old` is that of the last time, or NULL, and it itself is given if nothing
   has changed. NULL without an error if it is Python's task, also if all forms of keys may be keys. The `whole` dict's keys
   are turned into forms before its items, as Python code does it: so the same is cut where there are too many. */
static PyObject *listed_pairs(Work *work, PyObject *value, Py_ssize_t count, PyObject *old, int whole, int depth)
{
    if (work->of->objects) return NULL;
    PyObject *found = PyList_New(count), *keys = PyList_New(count), *key, *item;
    int failed = found == NULL || keys == NULL, are_keys = 1, simple = 0;
    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; whole && !failed && i < count && PyDict_Next(value, &at, &key, &item); i++) {
        PyObject *form = item_form(work, key, depth + 1, &simple);
        if (form == NULL) failed = 1;
        else PyList_SET_ITEM(keys, i, form);
    }
    at = 0;
    for (Py_ssize_t i = 0; !failed && i < count && PyDict_Next(value, &at, &key, &item); i++) {
        if (!whole && (key = item_form(work, key, depth + 1, &simple)) != NULL) PyList_SET_ITEM(keys, i, key);
        key = PyList_GET_ITEM(keys, i);
        PyObject *form = key == NULL ? NULL : item_form(work, item, depth + 1, &simple), *pair = NULL;
        if (form != NULL) {
            are_keys = are_keys && is_hashable(key);
            PyObject *before = old == NULL ? NULL : PyList_GET_ITEM(old, i);
            int same = before != NULL && PyTuple_GET_ITEM(before, 0) == key && PyTuple_GET_ITEM(before, 1) == form;
            pair = same ? Py_NewRef(before) : PyTuple_Pack(2, key, form);
            if (!same) old = NULL;
            if (pair != NULL) without_collector(work->of, pair);
            Py_DECREF(form);
        }
        if (pair == NULL) failed = 1;
        else PyList_SET_ITEM(found, i, pair);
    }
    Py_XDECREF(keys);
    if (failed || are_keys) Py_CLEAR(found);
    else if (old != NULL) Py_SETREF(found, Py_NewRef(old));
    else without_collector(work->of, found);
    return found;
}

/* The form of a dict with keys whose forms cannot be keys. */
static PyObject *listed_form(Work *work, PyObject *value, int depth, int *simple)
{
    Snapshots *self = work->of;
    Py_ssize_t count = PyDict_GET_SIZE(value);
    uintptr_t key = key_of(value, OF_LISTED);
    Kept *entry = kept(self, key);
    int is_old = entry != NULL && entry->length == count && PyList_CheckExact(entry->shown) && !work->cyclic;
    PyObject *old = is_old ? Py_NewRef(entry->shown) : NULL;
    PyObject *last = old == NULL ? NULL : Py_NewRef(entry->form);
    PyObject *shown = listed_pairs(work, value, count, old, 1, depth), *form = NULL;
    *simple = 0;
    if (shown != NULL && shown == old) form = Py_NewRef(last);
    else if (shown != NULL && (form = shown_of(self, value, count, Py_NewRef(shown))) != NULL && !work->cyclic)
        keep(self, key, form, shown, count, 0);
    Py_XDECREF(shown);
    Py_XDECREF(old);
    Py_XDECREF(last);
    return form;
}

static PyObject *dict_form(Work *work, PyObject *value, int depth, int *simple)
{
    Snapshots *self = work->of;
    Py_ssize_t count = PyDict_GET_SIZE(value);
    if (!are_own_forms(work, value, count, 1, depth + 1)) return listed_form(work, value, depth, simple);
    uintptr_t key = key_of(value, OF_WHOLE);
    Kept *entry = kept(self, key);
    PyObject *old = entry != NULL && PyDict_CheckExact(entry->form) && !work->cyclic ? entry->form : NULL;
    if (old != NULL && PyDict_GET_SIZE(old) != count + 1) old = NULL;
    Py_XINCREF(old);
    PyObject *form = pairs_form(work, value, count, old, depth, simple);
    Py_XDECREF(old);
    if (form == NULL || form == old) return form;
    PyObject *number = PyLong_FromVoidPtr(value);
    if (number == NULL || PyDict_SetItem(form, self->identity, number) < 0) Py_CLEAR(form);
    Py_XDECREF(number);
    if (form == NULL) return NULL;
    without_collector(self, form);
    if (!work->cyclic) keep(self, key, form, NULL, 0, 0);
    return form;
}

/* The forms of the first `count` items of a set as a list; `are_own` says whether they are these items, `simple` is cleared
   unless all are plain. NULL without an error if it is Python's task. */
static PyObject *set_items(Work *work, PyObject *value, Py_ssize_t count, int depth, int *are_own, int *simple)
{
    PyObject *iterator = PyObject_GetIter(value);
    PyObject *found = iterator == NULL ? NULL : PyList_New(0);
    PyObject *item;
    *are_own = 1;
    while (found != NULL && PyList_GET_SIZE(found) < count && (item = PyIter_Next(iterator)) != NULL) {
        int atom = is_plain(work->of, item);
        int here = atom || PyLong_CheckExact(item) || PyBytes_CheckExact(item) || PyUnicode_CheckExact(item) || !work->of->objects;
        PyObject *form = atom ? Py_NewRef(item) : !here ? NULL : quick(work, item);
        if (!atom && here) form = form != NULL ? Py_NewRef(form) : form_by_type(work, item, depth + 1, simple);
        if (!atom) *simple = 0;
        if (form != item) *are_own = 0;
        if (form == NULL || PyList_Append(found, form) < 0) Py_CLEAR(found);
        Py_XDECREF(form);
        Py_DECREF(item);
    }
    Py_XDECREF(iterator);
    if (found != NULL && PyList_GET_SIZE(found) < count) Py_CLEAR(found);
    return found;
}

static PyObject *set_form(Work *work, PyObject *value, int depth, int *simple)
{
    int is_frozen = PyFrozenSet_CheckExact(value), are_own, are_hashable = 1;
    PyObject *copy = is_frozen ? Py_NewRef(value) : PySet_New(value), *form = NULL;
    PyObject *items = copy == NULL ? NULL : set_items(work, copy, PySet_GET_SIZE(copy), depth, &are_own, simple);
    if (!is_frozen && copy != NULL) PyObject_GC_UnTrack(copy);
    for (Py_ssize_t i = 0; items != NULL && i < PyList_GET_SIZE(items); i++)
        are_hashable = are_hashable && is_hashable(PyList_GET_ITEM(items, i));
    if (items != NULL && are_own) form = is_frozen ? Py_NewRef(value) : tagged(work->of, value, copy);
    else if (items != NULL && !are_hashable) form = shortened(work->of, value, PyList_GET_SIZE(items), Py_NewRef(items));
    Py_XDECREF(items);
    Py_XDECREF(copy);
    return form;
}

/* What stands for a container that is too deep, or for which there is no room any more: its length. */
static PyObject *cut_form(Work *work, PyObject *value, Py_ssize_t length)
{
    Snapshots *self = work->of;
    uintptr_t key = key_of(value, OF_CUT);
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
    int simple = 1, are_own;
    if (PyAnySet_CheckExact(value)) return shortened(self, value, length, set_items(work, value, count, depth, &are_own, &simple));
    int variant = kind == &PyDict_Type ? OF_DICT_HEAD : kind == &PyList_Type ? OF_LIST_HEAD : OF_TUPLE_HEAD;
    uintptr_t key = key_of(value, variant); /* another container may get the place of one that died */
    Kept *entry = work->cyclic ? NULL : kept(self, key);
    PyObject *last = entry == NULL ? NULL : Py_NewRef(entry->form); /* keeps what it shows */
    PyObject *old = entry == NULL ? NULL : entry->shown;
    Py_ssize_t old_length = entry == NULL ? -1 : entry->length;
    PyObject *shown;
    if (kind == &PyDict_Type) {
        int keys = are_own_forms(work, value, count, 0, depth + 1);
        PyTypeObject *form_kind = keys ? &PyDict_Type : &PyList_Type;
        if (old != NULL && (!Py_IS_TYPE(old, form_kind) || items_in(old) != count)) old = NULL;
        shown = keys ? pairs_form(work, value, count, old, depth, &simple) : listed_pairs(work, value, count, old, 0, depth);
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
    if (form != NULL && !work->cyclic) keep(self, key, form, shown, length, simple);
    Py_XDECREF(last);
    return form;
}

PyObject *container_form(Work *work, PyObject *value, int depth)
{
    Snapshots *self = work->of;
    Py_ssize_t length = items_in(value);
    if (length < 0 || depth > DEEPEST) return NULL;
    Met *place = met(self, (uintptr_t)value);
    if (place == NULL) return NULL;
    if (place->state == UNDER_WAY) {
        work->met_itself = 1;
        return work->cyclic ? Py_XNewRef(place->form) : NULL;
    }
    if (place->state == DONE && (self->told == NULL || place->level == work->level)) return Py_NewRef(place->form);
    if (depth >= self->depth && length) return cut_form(work, value, length);
    work->nodes -= length < self->items ? length : self->items;
    if (work->nodes < 0) return cut_form(work, value, length);
    PyTypeObject *kind = Py_TYPE(value);
    int is_one = length <= self->items && (kind == &PyList_Type || kind == &PyDict_Type); /* also where it is met again */
    if (is_one || !work->cyclic) place->state = UNDER_WAY;
    place->form = NULL;
    work->place = is_one && work->cyclic ? place : NULL;
    int simple = length <= self->items;
    PyObject *form = length > self->items   ? head_form(work, value, length, depth)
                     : kind == &PyList_Type  ? list_form(work, value, depth, &simple)
                     : kind == &PyTuple_Type ? tuple_form(work, value, depth, &simple)
                     : kind == &PyDict_Type  ? dict_form(work, value, depth, &simple)
                                             : set_form(work, value, depth, &simple);
    /* As in Python, what is met twice is one object where it is a list or dict, and else where it is simple. */
    int stays = is_one || (length <= self->items && simple);
    if (kind == &PyFrozenSet_Type) stays = 0;
    place->state = form != NULL && stays ? DONE : NOT_MET;
    place->level = (char)work->level;
    place->form = form;
    if (self->told != NULL && place->state == DONE) self->staying[self->staying_count++] = Py_NewRef(form);
    if (self->staying_count == MOST_MET) place->state = NOT_MET, Py_DECREF(self->staying[--self->staying_count]);
    return form;
}
