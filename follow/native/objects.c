/* Objects with their attributes, for a recorder of dataflow: what follow/told.py and follow/objects.py do.

   No code of the program runs here. Attributes are read from an object's dict and slots; each object is told once, and
   again when it has changed: as long as the forms of its attributes are those that were told, nothing is made. */
#include "native.h"

#if PY_VERSION_HEX < 0x030C0000
#define T_OBJECT_SLOT T_OBJECT_EX
#else
#define T_OBJECT_SLOT Py_T_OBJECT_EX
#endif

#define MOST_KNOWN (1 << 16)
#define KINDS 1024 /* a power of two */
#define FEW_ATTRIBUTES 32

/* -- kinds: what matters of a type -------------------------------------------------------------------- */

typedef struct {
    PyObject *name; /* borrowed from the type */
    Py_ssize_t offset;
} Slot;

typedef struct {
    PyTypeObject *type; /* borrowed, and only compared */
    PyObject *alive;    /* refers to it weakly: another may get its place */
    int has_attributes, has_dict;
    int asks; /* whether Python code must read the attributes */
    int count;
    Slot slots[];
} Kind;

typedef struct {
    uintptr_t id;          /* 0: none */
    PyObject *object;      /* refers to it weakly; NULL where that cannot be */
    PyObject *name;        /* of its type */
    PyObject *reference;   /* stands for it where its attributes are told elsewhere */
    PyObject *attributes;  /* the forms of these, of objects the references; NULL as long as it is being told first */
    PyObject *form;
} Known;

struct Objects {
    Kind *kinds[KINDS];
    Known *known;
    size_t size, used; /* a power of two */
};

static inline int refers_to(PyObject *reference, void *object)
{
    return ((PyWeakReference *)reference)->wr_object == (PyObject *)object;
}

static PyObject *names_of(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyType_GetDict(type);
#else
    return Py_XNewRef(type->tp_dict);
#endif
}

static int is_written_in_python(PyTypeObject *type)
{
    return PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && !PyType_HasFeature(type, Py_TPFLAGS_IMMUTABLETYPE);
}

static int is_slot_name(Kind *kind, PyObject *name)
{
    for (int i = 0; i < kind->count; i++)
        if (kind->slots[i].name == name || PyUnicode_Compare(kind->slots[i].name, name) == 0) return 1;
    return 0;
}

/* What the names of one base tell: where objects have a dict, and slots. With `kind` NULL they are only counted. */
static int look_through(PyTypeObject *base, Kind *kind)
{
    PyObject *names = names_of(base), *name, *value;
    Py_ssize_t at = 0;
    int count = 0;
    while (names != NULL && PyDict_Next(names, &at, &name, &value)) {
        if (!PyUnicode_CheckExact(name)) continue;
        if (Py_IS_TYPE(value, &PyGetSetDescr_Type)) {
            if (kind == NULL || PyUnicode_CompareWithASCIIString(name, "__dict__") != 0) continue;
            kind->has_dict = 1;
            kind->asks |= !is_written_in_python(base) && (PyObject *)base != PyExc_BaseException;
        } else if (Py_IS_TYPE(value, &PyMemberDescr_Type)) {
            PyMemberDef *member = ((PyMemberDescrObject *)value)->d_member;
            if (!is_written_in_python(base) || member->type != T_OBJECT_SLOT || PyDescr_TYPE(value) != base) {
                if (kind != NULL) kind->asks = 1;
                continue;
            }
            count++;
            if (kind != NULL && !is_slot_name(kind, name)) kind->slots[kind->count++] = (Slot){name, member->offset};
        }
    }
    Py_XDECREF(names);
    return count;
}

static void free_kind(Kind *kind)
{
    if (kind == NULL) return;
    for (int i = 0; i < kind->count; i++) Py_DECREF(kind->slots[i].name);
    Py_XDECREF(kind->alive);
    PyMem_Free(kind);
}

static Kind *new_kind(PyTypeObject *type)
{
    PyObject *mro = type->tp_mro;
    int count = 0, simple = is_written_in_python(type) && mro != NULL && PyTuple_Check(mro);
    for (Py_ssize_t i = 0; simple && i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (base == &PyType_Type || base == &PyModule_Type) simple = 0;
        else count += look_through(base, NULL);
    }
    Kind *kind = PyMem_Calloc(1, sizeof(Kind) + (size_t)count * sizeof(Slot));
    if (kind == NULL) return (Kind *)PyErr_NoMemory();
    kind->type = type;
    kind->has_attributes = simple;
    for (Py_ssize_t i = 0; simple && i < PyTuple_GET_SIZE(mro); i++)
        look_through((PyTypeObject *)PyTuple_GET_ITEM(mro, i), kind);
    for (int i = 0; i < kind->count; i++) Py_INCREF(kind->slots[i].name);
    if ((kind->alive = PyWeakref_NewRef((PyObject *)type, NULL)) == NULL) {
        free_kind(kind);
        return NULL;
    }
    return kind;
}

static Kind *kind_of(Objects *self, PyTypeObject *type)
{
    Kind **place = &self->kinds[((uintptr_t)type >> 4 ^ (uintptr_t)type >> 14) & (KINDS - 1)];
    if (*place != NULL && (*place)->type == type && refers_to((*place)->alive, type)) return *place;
    Kind *kind = new_kind(type);
    if (kind == NULL) return NULL;
    free_kind(*place);
    return *place = kind;
}

int has_attributes(Objects *self, PyTypeObject *type)
{
    if (!is_written_in_python(type)) return 0;
    Kind *kind = kind_of(self, type);
    return kind == NULL ? -1 : kind->has_attributes;
}

/* -- what was told ------------------------------------------------------------------------------------ */

static Known *place_of(Objects *self, uintptr_t id)
{
    size_t at = (size_t)(((uint64_t)id * 0x9E3779B97F4A7C15u) >> 32) & (self->size - 1);
    while (self->known[at].id != 0 && self->known[at].id != id) at = (at + 1) & (self->size - 1);
    return &self->known[at];
}

static Known *known_of(Objects *self, PyObject *value)
{
    Known *known = place_of(self, (uintptr_t)value);
    return known->id == 0 ? NULL : known;
}

static inline int is_of(Known *known, PyObject *value)
{
    return known->object != NULL && refers_to(known->object, value);
}

/* Whether it is what was told, or may be, for all that is known; `name` is that of its type. */
static int may_be_of(Known *known, PyObject *value, PyObject *name)
{
    if (known->name != name && PyUnicode_Compare(known->name, name) != 0) return 0;
    return known->object == NULL || refers_to(known->object, value);
}

static void clear_known(Known *known)
{
    Known old = *known;
    *known = (Known){old.id, NULL, NULL, NULL, NULL, NULL};
    drop(old.object);
    drop(old.name);
    drop(old.reference);
    drop(old.attributes);
    drop(old.form);
}

void objects_forget(Objects *self)
{
    hold_dropped(); /* or the table may be another one meanwhile */
    for (size_t i = 0; i < self->size && self->used; i++)
        if (self->known[i].id != 0) {
            clear_known(&self->known[i]);
            self->known[i].id = 0;
        }
    self->used = 0;
    release_dropped();
}

static int grow(Objects *self)
{
    Known *old = self->known, *new = PyMem_Calloc(self->size * 4, sizeof(Known));
    if (new == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    size_t size = self->size;
    self->known = new;
    self->size = size * 4;
    for (size_t i = 0; i < size; i++)
        if (old[i].id != 0) *place_of(self, old[i].id) = old[i];
    PyMem_Free(old);
    return 0;
}

/* An object is met for the first time. */
static Known *meet(Snapshots *of, PyObject *value, PyObject *name)
{
    Objects *self = of->told;
    PyObject *weak = NULL;
    if (Py_TYPE(value)->tp_weaklistoffset != 0 && (weak = PyWeakref_NewRef(value, NULL)) == NULL) return NULL;
    PyObject *content = instance(of, name, Py_None);
    PyObject *reference = content == NULL ? NULL : tagged(of, value, content);
    Py_XDECREF(content);
    if (reference == NULL || (self->used * 2 >= self->size && self->size < 2 * MOST_KNOWN && grow(self) < 0)) {
        Py_XDECREF(reference);
        Py_XDECREF(weak);
        return NULL;
    }
    if (self->used >= MOST_KNOWN) objects_forget(self);
    Known *known = place_of(self, (uintptr_t)value);
    if (known->id == 0) self->used++;
    else clear_known(known);
    *known = (Known){(uintptr_t)value, weak, Py_NewRef(name), reference, NULL, NULL};
    return known;
}

PyObject *reference_to(Objects *self, PyObject *value)
{
    Known *known = known_of(self, value);
    return known != NULL && is_of(known, value) ? known->reference : NULL;
}

Objects *objects_new(void)
{
    Objects *self = PyMem_Calloc(1, sizeof(Objects));
    if (self == NULL) return NULL;
    self->size = 64;
    if ((self->known = PyMem_Calloc(self->size, sizeof(Known))) == NULL) {
        PyMem_Free(self);
        return NULL;
    }
    return self;
}

void objects_free(Objects *self)
{
    if (self == NULL) return;
    objects_forget(self);
    for (size_t i = 0; i < KINDS; i++) free_kind(self->kinds[i]);
    PyMem_Free(self->known);
    PyMem_Free(self);
}

/* -- attributes --------------------------------------------------------------------------------------- */

typedef struct {
    PyObject *key, *value; /* borrowed: nothing runs meanwhile */
} Pair;

typedef struct {
    PyObject *own; /* keeps the dict */
    Pair *pairs, few[FEW_ATTRIBUTES];
    Py_ssize_t count, total; /* how many are shown, and how many there are */
} Attributes;

static int is_key(PyObject *own, PyObject *name)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    while (own != NULL && PyDict_Next(own, &at, &key, &value))
        if (key == name || (PyUnicode_CheckExact(key) && PyUnicode_Compare(key, name) == 0)) return 1;
    return 0;
}

/* Gather an object's attributes, of which so many are shown at most. */
static int gather(Attributes *into, PyObject *value, Kind *kind, PyObject *given, Py_ssize_t most)
{
    *into = (Attributes){.own = Py_XNewRef(given)};
    into->pairs = into->few;
    if (most > FEW_ATTRIBUTES && (into->pairs = PyMem_New(Pair, most)) == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (given == NULL && kind->has_dict && (into->own = PyObject_GenericGetDict(value, NULL)) == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return -1;
        PyErr_Clear();
    }
    if (into->own != NULL && !PyDict_CheckExact(into->own)) Py_CLEAR(into->own);
    PyObject *key, *item;
    Py_ssize_t at = 0;
    while (into->own != NULL && PyDict_Next(into->own, &at, &key, &item))
        if (PyUnicode_CheckExact(key) && into->total++ < most) into->pairs[into->count++] = (Pair){key, item};
    for (int i = 0; given == NULL && i < kind->count; i++) {
        item = *(PyObject **)((char *)value + kind->slots[i].offset);
        if (item == NULL || is_key(into->own, kind->slots[i].name)) continue;
        if (into->total++ < most) into->pairs[into->count++] = (Pair){kind->slots[i].name, item};
    }
    return 0;
}

static void let_go(Attributes *attributes)
{
    if (attributes->pairs != attributes->few) PyMem_Free(attributes->pairs);
    Py_XDECREF(attributes->own);
}

/* A new dict of the first `count` items of another one. */
static PyObject *first_of(PyObject *old, Py_ssize_t count)
{
    PyObject *new = PyDict_New(), *key, *item;
    Py_ssize_t at = 0;
    while (new != NULL && count-- > 0 && PyDict_Next(old, &at, &key, &item))
        if (PyDict_SetItem(new, key, item) < 0) Py_CLEAR(new);
    return new;
}

/* The forms of attributes: `old` itself (or NULL) where they are those, else a new dict. */
static PyObject *forms_of(Work *work, Attributes *attributes, PyObject *old, int depth)
{
    PyObject *new = NULL, *key, *item;
    Py_ssize_t at = 0;
    if ((old == NULL || PyDict_GET_SIZE(old) != attributes->count || attributes->total > attributes->count) &&
        (new = PyDict_New()) == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < attributes->count; i++) {
        Pair *pair = &attributes->pairs[i];
        PyObject *form = pair->value, *owned = NULL;
        int simple = 0;
        if (!is_plain(work->of, form)) form = owned = form_of(work, form, depth + 1, &simple);
        if (form == NULL) goto failed;
        if (new == NULL) {
            int is_next = PyDict_Next(old, &at, &key, &item);
            if (is_next && item == form && work->hole == NULL && (key == pair->key || PyUnicode_Compare(key, pair->key) == 0)) {
                Py_XDECREF(owned);
                continue;
            }
            new = first_of(old, i);
        }
        int failed = new == NULL || PyDict_SetItem(new, pair->key, form) < 0;
        Py_XDECREF(owned);
        if (failed || (work->hole != NULL && note_hole(work, new, pair->key, 0) < 0)) goto failed;
    }
    if (new == NULL) return Py_NewRef(old);
    if (attributes->total > attributes->count) {
        PyObject *rest = many_attributes(work->of, attributes->total);
        int failed = rest == NULL || PyDict_SetItem(new, work->of->more, rest) < 0;
        Py_XDECREF(rest);
        if (failed) goto failed;
    }
    if (PyObject_GC_IsTracked(new)) PyObject_GC_UnTrack(new);
    return new;
failed:
    Py_XDECREF(new);
    return NULL;
}

/* The same forms, but what was told with its attributes is a reference: so it is told once. */
static PyObject *with_references(Snapshots *of, Attributes *attributes, PyObject *forms)
{
    PyObject *new = NULL;
    for (Py_ssize_t i = 0; i < attributes->count; i++) {
        Pair *pair = &attributes->pairs[i];
        Known *known = known_of(of->told, pair->value);
        if (known == NULL || !is_of(known, pair->value)) continue;
        PyObject *form = PyDict_GetItemWithError(forms, pair->key);
        if (form == NULL || form == known->reference || !Py_IS_TYPE(form, of->tagged)) continue;
        if (new == NULL && (new = PyDict_Copy(forms)) == NULL) return NULL;
        if (PyDict_SetItem(new, pair->key, known->reference) < 0) {
            Py_DECREF(new);
            return NULL;
        }
    }
    if (new == NULL) return PyErr_Occurred() ? NULL : Py_NewRef(forms);
    if (PyObject_GC_IsTracked(new)) PyObject_GC_UnTrack(new);
    return new;
}

/* -- objects ------------------------------------------------------------------------------------------ */

/* Keep what was told of an object; its form. */
static PyObject *tell(Snapshots *of, PyObject *value, PyObject *name, PyObject *forms, PyObject *kept)
{
    PyObject *content = instance(of, name, forms);
    PyObject *form = content == NULL ? NULL : tagged(of, value, content);
    Py_XDECREF(content);
    if (form == NULL) return NULL;
    Known *known = known_of(of->told, value); /* the table may be another one, or empty */
    if ((known == NULL || !may_be_of(known, value, name)) && (known = meet(of, value, name)) == NULL) {
        Py_DECREF(form);
        return NULL;
    }
    PyObject *old_attributes = known->attributes, *old_form = known->form;
    known->attributes = Py_NewRef(kept);
    known->form = Py_NewRef(form);
    drop(old_attributes);
    drop(old_form);
    if (kept == forms) return form;
    content = instance(of, name, kept); /* what it holds is told now, and later by itself */
    PyObject *later = content == NULL ? NULL : tagged(of, value, content);
    Py_XDECREF(content);
    if (later == NULL) Py_CLEAR(form);
    else Py_SETREF(known->form, later);
    return form;
}

/* An object's form as it is now; the one that was told if that is the same. */
static PyObject *looked_at(Work *work, PyObject *value, Kind *kind, PyObject *given, int depth)
{
    Snapshots *of = work->of;
    PyObject *name = Py_NewRef(((PyHeapTypeObject *)Py_TYPE(value))->ht_name);
    Known *known = known_of(of->told, value);
    PyObject *form = NULL, *forms = NULL, *kept = NULL, *old = NULL, *last = NULL;
    Attributes attributes;
    if (gather(&attributes, value, kind, given, of->attributes) < 0) goto done;
    if ((known == NULL || !may_be_of(known, value, name)) && (known = meet(of, value, name)) == NULL) goto done;
    old = Py_XNewRef(known->attributes);
    last = Py_XNewRef(known->form);
    work->nodes -= attributes.count;
    forms = forms_of(work, &attributes, old, depth);
    work->same = 0;
    if (forms == NULL) goto done;
    if (forms == old && last != NULL) {
        work->same = 1;
        form = Py_NewRef(last);
    } else if ((kept = with_references(of, &attributes, forms)) != NULL) {
        form = tell(of, value, name, forms, kept);
    }
done:
    let_go(&attributes);
    Py_XDECREF(forms);
    Py_XDECREF(kept);
    Py_XDECREF(old);
    Py_XDECREF(last);
    Py_DECREF(name);
    return form;
}

/* Look at an object's attributes at some level. */
static PyObject *looked_at_level(Work *work, PyObject *value, Kind *kind, PyObject *given, int level, int depth)
{
    int before = work->level;
    work->level = level;
    PyObject *form = looked_at(work, value, kind, given, depth);
    work->level = before;
    return form;
}

PyObject *object_form(Work *work, PyObject *value, PyObject *given, int depth)
{
    Snapshots *of = work->of;
    Known *known = known_of(of->told, value);
    if (depth > 0 && work->level < 2 && known != NULL && is_of(known, value)) return Py_NewRef(known->reference);
    Kind *kind = kind_of(of->told, Py_TYPE(value));
    if (kind == NULL || !kind->has_attributes || (kind->asks && given == NULL)) return NULL;
    if (depth == 0) return looked_at(work, value, kind, given, 0);
    PyObject *name = ((PyHeapTypeObject *)Py_TYPE(value))->ht_name;
    if (known == NULL || !may_be_of(known, value, name)) {
        if (depth < of->depth && work->nodes > 0) return looked_at_level(work, value, kind, given, 1, depth);
        PyObject *content = instance(of, name, Py_None);
        PyObject *form = content == NULL ? NULL : tagged(of, value, content);
        Py_XDECREF(content);
        return form;
    }
    if (work->level == 0) return Py_NewRef(known->reference);
    PyObject *reference = Py_NewRef(known->reference);
    PyObject *form = looked_at_level(work, value, kind, given, work->level - 1, depth);
    if (form == NULL || !work->same) {
        Py_DECREF(reference);
        return form;
    }
    Py_DECREF(form);
    return reference;
}
