/* Values as they are now, within limits: what follow/describe.py and follow/flat.py do, for the built-in types.

   No code of the program runs here, nor any other Python code, and the collector is off meanwhile: so the GIL is
   held from a value's first item to its last, and no other thread can change it half way. What is not done here
   (objects that nobody has described yet, huge integers, …) makes the whole value Python's task; where objects are
   recorded with their attributes only that part of it, once all the rest is made: for what was told is told once.

   The form that was made of a container last is kept. A container is turned into its form item by item, and as long as
   each is the item of the last form, nothing is made. So what has not changed costs a comparison a item. */
#include "native.h"

#define AT_ONCE 64 /* so much of what copies weigh is taken from the room at once */

PyObject *form_by_type(Work *work, PyObject *value, int depth, int *simple)
{
    PyTypeObject *kind = Py_TYPE(value);
    if (PyErr_Occurred()) return NULL;
    if (kind == &PyUnicode_Type) { /* a longer string weighs more */
        int whole = is_small_text(value, work->of->string);
        if (!whole && (work->of->told != NULL || !is_small_text(value, PY_SSIZE_T_MAX))) return NULL;
        work->weight += (whole ? PyUnicode_GET_LENGTH(value) : work->of->string) / work->of->short_;
        if (whole) return Py_NewRef(value);
    }
    *simple = 0;
    if (kind == &PyUnicode_Type) return shortened_text(work->of, value);
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
    if (kind == &PyFunction_Type || kind == &PyMethod_Type || kind == &PyModule_Type || kind == &PyCFunction_Type
        || PyType_Check(value)) {
        PyObject *form = work->of->objects && work->of->told == NULL ? NULL : named_form(work->of, value);
        if (form != NULL || work->of->told == NULL || PyErr_Occurred()) return form;
    }
    if (work->of->told != NULL && items_in(value) < 0) {
        int has = has_attributes(work->of->told, kind);
        if (has) return has < 0 ? NULL : object_form(work, value, NULL, depth);
        PyObject *found = described(work->of, kind);
        return Py_XNewRef(found);
    }
    return container_form(work, value, depth);
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
    PyObject *found = PyErr_Occurred() ? NULL : PyObject_GetAttrString((PyObject *)kind, name);
    Py_ssize_t at = 0;
    if (found != NULL && Py_IS_TYPE(found, &PyMemberDescr_Type) && PyDescr_TYPE(found) == kind)
        at = ((PyMemberDescrObject *)found)->d_member->offset;
    if (found == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) PyErr_Clear();
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
    Kept *entry = count > self->items || count > self->nodes || self->depth < 1 ? NULL : kept(self, key_of(value, OF_WHOLE));
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
    if (form == NULL && work.met_itself && self->told == NULL && !PyErr_Occurred()) { /* all is made anew, and may hold itself */
        work = (Work){.of = self, .nodes = self->nodes, .cyclic = 1};
        snapshot_begin(self);
        self->cyclic = 1;
        form = form_of(&work, value, 0, &simple);
        self->cyclic = 0;
    }
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

/* Whether a value of a type is known by its own name. */
static int has_name(PyTypeObject *kind)
{
    return kind == &PyFunction_Type || kind == &PyType_Type || kind == &PyModule_Type || kind == &PyCFunction_Type;
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
    if (self->texts && !self->objects && has_name(kind)) { /* most of what a module's names hold */
        hold_dropped();
        PyObject *form = named_form(self, value);
        release_dropped();
        if (form != NULL) return form;
        PyErr_Clear();
    } else if (kind != &PyList_Type && kind != &PyTuple_Type) {
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
    Py_ssize_t depth, items, string, nodes, bits;
    int texts, objects;
    PyObject *described, *copy, *change, *hide, *lost, *missing, *identity, *others, *deque, *room;
    PyObject *more, *leaf, *looks;
    Py_ssize_t brief, attributes;
    PyTypeObject *tagged, *shortened, *descriptions, *instance;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "$nnnnnppO!OOOOOO!O!O!O!O!OOnnO!O!OO!:Snapshots", names, &depth, &items, &string, &nodes, &bits, &texts,
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
    Py_ssize_t type_at = slot_in(descriptions, "type"), name_at = slot_in(descriptions, "name"), text_at = slot_in(descriptions, "text");
    if (!tagged_number || !tagged_content || !instance_type || !instance_attributes || !type_at || !name_at || !text_at) {
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
    self->description_slots[0] = type_at, self->description_slots[1] = name_at, self->description_slots[2] = text_at;
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
    if (failed || forms_begin(self) < 0) {
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

/* Whether two descriptions tell the same without a doubt. */
static int same_description(Snapshots *self, PyObject *form, PyObject *before)
{
    if (!Py_IS_TYPE(form, self->descriptions)) return 0;
    for (int i = 0; i < 3; i++) {
        Py_ssize_t at = self->description_slots[i];
        if (*(PyObject **)((char *)form + at) != *(PyObject **)((char *)before + at)) return 0;
    }
    return 1;
}

/* Whether a form is the same value as that of last time; -1 with an exception. */
static int as_before(Snapshots *self, PyObject *form, PyObject *before, PyObject *is_same)
{
    if (form == before || Py_TYPE(form) != Py_TYPE(before)) return form == before;
    if (same_description(self, form, before)) return 1;
    PyObject *given[] = {form, before}, *told = untraced(is_same, given, 2);
    int same = told == NULL ? -1 : PyObject_IsTrue(told);
    Py_XDECREF(told);
    return same;
}

/* After each statement of a module nearly all of its names have not changed. */
PyObject *gather_names(Snapshots *self, PyObject *found, PyObject *last, PyObject *names, const unsigned char *bits, PyObject *is_same)
{
    PyObject *changed = PyDict_New();
    Py_ssize_t at = 0, last_at = 0;
    for (Py_ssize_t i = 0, count = PySequence_Fast_GET_SIZE(names); changed != NULL && i < count; i++) {
        if (bits != NULL && !(bits[i / 8] >> i % 8)) i |= 7; /* there are no more in this byte */
        if (bits != NULL && !(bits[i / 8] >> i % 8 & 1)) continue;
        PyObject *name = PySequence_Fast_GET_ITEM(names, i);
        PyObject *value = value_of(found, name, &at), *before = value_of(last, name, &last_at);
        if (value == NULL) value = self->missing;
        if (before == NULL) before = self->missing;
        if (value == before && !PyErr_Occurred()) continue;
        Py_INCREF(name); /* what runs now may change all of them */
        Py_INCREF(value);
        Py_INCREF(before);
        PyObject *form = PyErr_Occurred() ? NULL : snapshot_of(self, value, 0, 0);
        int same = form == NULL ? -1 : as_before(self, form, before, is_same);
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
