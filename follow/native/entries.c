/* The entries of variables in a record: of a module's, and of a call's. */
#include "record.h"

/* The names of types that are told apart first, in the order of Entries' `kinds`: see _NAMES_OF_TYPES in follow/capture.py. */
enum { FUNCTION, TYPE, MODULE, TEXT, NUMBER, BOOL, NONE, REAL, BUILTIN, LIST, TUPLE, DICT, KINDS };

/* The name of the type of a value that is shown as it is; NULL of another value. */
static PyObject *name_if_shown_as_it_is(PyObject *value, const Entries *limits)
{
    PyTypeObject *kind = Py_TYPE(value);
    int place;
    if (kind == &PyFunction_Type) place = FUNCTION;
    else if (kind == &PyType_Type) place = TYPE;
    else if (kind == &PyModule_Type) place = MODULE;
    else if (kind == &PyUnicode_Type) {
        if (PyUnicode_GET_LENGTH(value) > limits->string) return NULL;
        place = TEXT;
    } else if (kind == &PyLong_Type) {
        int overflow;
        if (!limits->whole) return NULL;
        (void)PyLong_AsLongAndOverflow(value, &overflow);
        if (overflow) return NULL;
        place = NUMBER;
    } else if (kind == &PyBool_Type) place = BOOL;
    else if (value == Py_None) place = NONE;
    else if (kind == &PyFloat_Type) place = REAL;
    else if (kind == &PyCFunction_Type) place = BUILTIN;
    else return NULL;
    return PyTuple_GET_ITEM(limits->kinds, place);
}

/* A place of its own for most types, in a table of OTHER_TYPES. */
static size_t place_of(PyTypeObject *kind)
{
    return ((uintptr_t)kind >> 4 ^ (uintptr_t)kind >> 9) & (OTHER_TYPES - 1);
}

int is_copied(const Entries *limits, PyTypeObject *kind)
{
    /* What was found not to be copied is remembered; those types that are copied never die, so no other gets their places. */
    PyTypeObject **place = (PyTypeObject **)&limits->others[place_of(kind)];
    if (*place == kind) return 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(limits->copied); i++)
        if (PyTuple_GET_ITEM(limits->copied, i) == (PyObject *)kind) return 1;
    *place = kind;
    return 0;
}

/* The name of a type that is no class of the program's: its modules may stand before it. */
static PyObject *name_of_static(PyTypeObject *kind, Entries *limits)
{
    TypeName *known = &limits->named[place_of(kind)];
    if (known->kind == kind) return Py_NewRef(known->name);
    const char *dot = strrchr(kind->tp_name, '.');
    PyObject *name = PyUnicode_InternFromString(dot == NULL ? kind->tp_name : dot + 1);
    if (name == NULL) return NULL;
    known->kind = kind;
    Py_XSETREF(known->name, Py_NewRef(name));
    return name;
}

/* The name of a type, whatever its metaclass does to attributes. */
static PyObject *name_of(PyTypeObject *kind, const Entries *limits)
{
    if (kind == &PyList_Type) return Py_NewRef(PyTuple_GET_ITEM(limits->kinds, LIST));
    if (kind == &PyTuple_Type) return Py_NewRef(PyTuple_GET_ITEM(limits->kinds, TUPLE));
    if (kind == &PyDict_Type) return Py_NewRef(PyTuple_GET_ITEM(limits->kinds, DICT));
    if (kind->tp_flags & Py_TPFLAGS_HEAPTYPE) return Py_NewRef(((PyHeapTypeObject *)kind)->ht_name);
    return name_of_static(kind, (Entries *)limits);
}

PyObject *entry_for(PyObject *name, PyObject *value, const Entries *limits)
{
    PyObject *kind = name_if_shown_as_it_is(value, limits), *entry, *copy;
    if (kind != NULL) return filled_entry(name, value, kind, limits);
    int as_it_is = limits->live || !is_copied(limits, Py_TYPE(value));
    copy = as_it_is ? Py_NewRef(value) : bounded_copy(limits, value);
    if (copy == NULL) {
        PyObject *given[] = {name, value};
        return PyErr_Occurred() ? NULL : untraced(limits->other, given, 2);
    }
    kind = name_of(Py_TYPE(value), limits);
    entry = kind == NULL ? NULL : filled_entry(name, copy, kind, limits);
    Py_XDECREF(kind);
    Py_DECREF(copy);
    return entry;
}

/* Mostly names come in the order in which they were bound, so the next item of the dict is looked at first. Before its own
   names there are some of the interpreter's and a package's modules, and there may be a few others between them. */
PyObject *value_of(PyObject *found, PyObject *name, Py_ssize_t *at)
{
    enum { OTHERS = 12, FEW = 4 };
    PyObject *key, *value, *there;
    Py_ssize_t next = *at;
    int tries = *at == 0 ? OTHERS : 1;
    while (tries-- > 0 && PyDict_Next(found, &next, &key, &value))
        if (key == name) {
            *at = next;
            return value;
        }
    if ((there = PyDict_GetItemWithError(found, name)) == NULL) return NULL;
    for (tries = *at == 0 ? INT_MAX : FEW; tries > 0 && PyDict_Next(found, &next, &key, &value); tries--)
        if (key == name) {
            *at = next;
            break;
        }
    return there;
}

static int add(PyObject *made, PyObject *name, PyObject *value, const Entries *limits)
{
    Py_INCREF(name);
    Py_INCREF(value);
    PyObject *entry = entry_for(name, value, limits);
    Py_DECREF(name);
    Py_DECREF(value);
    if (entry == NULL) return -1;
    Py_ssize_t size = PyList_GET_SIZE(made);
    if (size < ((PyListObject *)made)->allocated) {
        PyList_SET_ITEM(made, size, entry);
        Py_SET_SIZE(made, size + 1);
        return 0;
    }
    int failed = PyList_Append(made, entry);
    Py_DECREF(entry);
    return failed;
}

int add_entry(PyObject *made, PyObject *found, PyObject *name, const Entries *limits, Py_ssize_t *at)
{
    PyObject *value = value_of(found, name, at);
    if (value == NULL) return PyErr_Occurred() ? -1 : 0;
    return add(made, name, value, limits);
}

PyObject *list_with_room(Py_ssize_t room)
{
    PyObject *made = PyList_New(room);
    if (made != NULL) Py_SET_SIZE(made, 0);
    return made;
}

/* Where a variable is that a site shows: the first letter of its place (follow/model.py), for each has another one. */
static Py_UCS4 place_in_call(PyObject *shown)
{
    PyObject *place = PyTuple_GET_ITEM(shown, 1);
    if (!PyUnicode_CheckExact(place) || !is_small_text(place, PY_SSIZE_T_MAX) || PyUnicode_GET_LENGTH(place) == 0) return 0;
    return PyUnicode_READ_CHAR(place, 0);
}

static PyObject *no_such_variable(void)
{
    PyErr_SetString(PyExc_TypeError, "a call has no such variable");
    return NULL;
}

/* The value of a variable of a call; borrowed. NULL without an error if it is not bound, or not shown here. */
static PyObject *value_in_call(PyObject *shown, PyObject *state, PyObject *const *values, Py_ssize_t count, PyObject *missing)
{
    Py_UCS4 place = place_in_call(shown);
    Py_ssize_t index = PyLong_AsSsize_t(PyTuple_GET_ITEM(shown, 2));
    if (index == -1 && PyErr_Occurred()) return NULL;
    PyObject *cells = PyList_GET_ITEM(state, CELLS_AT), *found = NULL;
    if (place == 'v') {
        if (index >= 0 && index < count) found = values[index];
    } else if (place == 's') {
        if (index >= 0 && index < PyList_GET_SIZE(state) - SLOTS_AT) found = PyList_GET_ITEM(state, SLOTS_AT + index);
        if (found == missing) return NULL;
    } else if (place == 'c') {
        if (PyTuple_CheckExact(cells) && index >= 0 && index < PyTuple_GET_SIZE(cells)) found = PyTuple_GET_ITEM(cells, index);
        if (found != NULL && PyCell_Check(found)) return PyCell_GET(found);
        found = NULL;
    } else {
        return NULL;
    }
    return found == NULL ? no_such_variable() : found;
}

int is_shown(PyObject *shown)
{
    return PyUnicode_CheckExact(shown) || (PyTuple_Check(shown) && PyTuple_GET_SIZE(shown) == 3);
}

PyObject *entries_of_call(const Entries *limits, PyObject *shown, PyObject *state, PyObject *const *values, Py_ssize_t count)
{
    PyObject *made = list_with_room(PyTuple_GET_SIZE(shown));
    for (Py_ssize_t i = 0; made != NULL && i < PyTuple_GET_SIZE(shown); i++) {
        PyObject *one = PyTuple_GET_ITEM(shown, i), *value;
        int is_name = PyUnicode_CheckExact(one);
        if (is_name && i < count) value = values[i];
        else value = is_name ? no_such_variable() : value_in_call(one, state, values, count, limits->missing);
        PyObject *name = is_name ? one : PyTuple_GET_ITEM(one, 0);
        int failed = value == NULL ? PyErr_Occurred() != NULL : add(made, name, value, limits) < 0;
        if (failed) clear_beside_error(&made);
    }
    return made;
}

/* -- the type --------------------------------------------------------------------------------------------------------- */

/* `one(name, value)` */
static PyObject *method_one(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count == 2) return entry_for(args[0], args[1], (Entries *)self);
    PyErr_SetString(PyExc_TypeError, "one(name, value)");
    return NULL;
}

/* `of_module(found, names)`: of those of the names that are in a module's dict. */
static PyObject *method_of_module(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyDict_Check(args[0]) || !PyList_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "of_module(found, names)");
        return NULL;
    }
    PyObject *made = list_with_room(PyList_GET_SIZE(args[1]));
    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; made != NULL && i < PyList_GET_SIZE(args[1]); i++)
        if (add_entry(made, args[0], PyList_GET_ITEM(args[1], i), (Entries *)self, &at) < 0) clear_beside_error(&made);
    return made;
}

/* `of_call(shown, state, values)` */
static PyObject *method_of_call(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    int is_given = count == 3 && PyTuple_CheckExact(args[0]) && is_state(args[1])
                   && (PyTuple_CheckExact(args[2]) || PyList_CheckExact(args[2]));
    for (Py_ssize_t i = 0; is_given && i < PyTuple_GET_SIZE(args[0]); i++) is_given = is_shown(PyTuple_GET_ITEM(args[0], i));
    if (is_given)
        return entries_of_call((Entries *)self, args[0], args[1], PySequence_Fast_ITEMS(args[2]), PySequence_Fast_GET_SIZE(args[2]));
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "of_call(shown, state, values)");
    return NULL;
}

static PyObject *make(PyTypeObject *kind, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"other", "depth", "items", "string", "nodes", "bits", "live", "kinds", "empty", "keys", "copied",
                            "shortened", "missing", NULL};
    PyObject *other, *kinds, *empty, *keys, *copied, *missing;
    PyTypeObject *shortened;
    Entries given = {.depth = 0};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$OnnnnnpO!O!O!O!O!O:Entries", names, &other, &given.depth, &given.items,
                                     &given.string, &given.nodes, &given.bits, &given.live, &PyTuple_Type, &kinds, &PyDict_Type,
                                     &empty, &PyTuple_Type, &keys, &PyTuple_Type, &copied, &PyType_Type, &shortened, &missing))
        return NULL;
    given.whole = given.bits >= 64;
    given.type_at = slot_in(shortened, "type");
    given.length_at = slot_in(shortened, "length");
    given.shown_at = slot_in(shortened, "shown");
    if (PyTuple_GET_SIZE(kinds) != KINDS || PyTuple_GET_SIZE(keys) != 3 || !given.type_at || !given.length_at || !given.shown_at) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "Entries: other names or a class without slots");
        return NULL;
    }
    Entries *self = (Entries *)kind->tp_alloc(kind, 0);
    if (self == NULL) return NULL;
    PyObject head = self->ob_base;
    *self = given;
    self->ob_base = head;
    self->other = Py_NewRef(other);
    self->kinds = Py_NewRef(kinds);
    self->empty = Py_NewRef(empty);
    self->keys = Py_NewRef(keys);
    self->copied = Py_NewRef(copied);
    self->shortened = (PyTypeObject *)Py_NewRef((PyObject *)shortened);
    self->missing = Py_NewRef(missing);
    return (PyObject *)self;
}

static int traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(((Entries *)object)->other);
    return 0;
}

static int clear(PyObject *object)
{
    (void)object; /* the object whose method `other` is breaks its cycles */
    return 0;
}

static void dealloc(PyObject *object)
{
    Entries *self = (Entries *)object;
    PyTypeObject *kind = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    Py_CLEAR(self->other);
    Py_CLEAR(self->kinds);
    Py_CLEAR(self->empty);
    Py_CLEAR(self->keys);
    Py_CLEAR(self->copied);
    Py_CLEAR(self->shortened);
    Py_CLEAR(self->missing);
    for (int i = 0; i < OTHER_TYPES; i++) Py_CLEAR(self->named[i].name);
    kind->tp_free(object);
    Py_DECREF(kind);
}

static PyMethodDef methods[] = {
    {"one", (PyCFunction)(void *)method_one, METH_FASTCALL, "The entry of a variable."},
    {"of_module", (PyCFunction)(void *)method_of_module, METH_FASTCALL, "The entries of a module's variables."},
    {"of_call", (PyCFunction)(void *)method_of_call, METH_FASTCALL, "The entries of a call's variables."},
    {NULL, NULL, 0, NULL}};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Makes the entries of variables in records, within limits."},
    {Py_tp_new, (void *)make},
    {Py_tp_dealloc, (void *)dealloc},
    {Py_tp_traverse, (void *)traverse},
    {Py_tp_clear, (void *)clear},
    {Py_tp_methods, methods},
    {0, NULL}};

PyType_Spec entries_spec = {
    "follow._native.Entries", sizeof(Entries), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots};
