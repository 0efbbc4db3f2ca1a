/* What makes imports of followed modules fast: code is completed in place, that of most functions when they are first
   called. */
#include "native.h"
#include <marshal.h>

/* It stands where the probe that begins a call will: the first thing that code calls.

   What it fills is the tuple of constants of the code that calls it, where it stands itself: that is so in a copy of the
   code, too. All is unpacked before the first gap is filled; and no Python code runs here, for there may be no stack for
   it (or a program would see it). */
typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *common; /* a tuple */
    Py_ssize_t place, start, end; /* where it stands among the constants; where its part is */
    int filled;                   /* whether it has given way to that probe somewhere */
} Later;

enum { PROBE, BASE, PARTS, OTHERS, MAKERS, LATER_TYPE, COMMON }; /* what all pieces of a module share */

#if PY_VERSION_HEX < 0x030E0000

/* -- the gaps among the constants of code that was unpacked ------------------------------------------------------- */

static Py_ssize_t number_at(PyObject *numbers, Py_ssize_t index)
{
    if (PyBytes_CheckExact(numbers)) return (unsigned char)PyBytes_AS_STRING(numbers)[index];
    return PyLong_AsSsize_t(PyTuple_GET_ITEM(numbers, index));
}

static Py_ssize_t count_of(PyObject *numbers)
{
    if (PyBytes_CheckExact(numbers)) return PyBytes_GET_SIZE(numbers);
    return PyTuple_CheckExact(numbers) ? PyTuple_GET_SIZE(numbers) : -1;
}

/* How gaps are filled: `FIRST` is of code that was just unpacked, where a gap that is not there is an error; code whose
   functions may have been called already is filled `AGAIN`: what is no gap any more stays. */
typedef enum { FIRST, AGAIN } Turn;

/* Puts something into a gap, of which the tuple owns None. */
static int fill_gap(PyObject *constants, Py_ssize_t place, PyObject *value, Turn turn)
{
    if (value == NULL) return -1;
    if (place < 0 || place >= PyTuple_GET_SIZE(constants) || PyTuple_GET_ITEM(constants, place) != Py_None) {
        Py_DECREF(value);
        if (PyErr_Occurred()) return -1;
        if (turn == AGAIN) return 0;
        PyErr_SetString(PyExc_ValueError, "the code has no gap there");
        return -1;
    }
    PyTuple_SET_ITEM(constants, place, value);
    Py_DECREF(Py_None);
    return 0;
}

/* What fills gaps: by its numbers an item of a list or a tuple, or, where that is NULL, a number counted from `base`. */
typedef struct {
    PyObject *places, *numbers, *from;
    Py_ssize_t base;
} Filling;

static PyObject *filling_at(const Filling *self, Py_ssize_t index)
{
    Py_ssize_t number = self->numbers == NULL ? index : number_at(self->numbers, index);
    if (number == -1 && PyErr_Occurred()) return NULL;
    if (self->from == NULL) return PyLong_FromSsize_t(self->base + number);
    int listed = PyList_Check(self->from);
    if (number >= 0 && number < (listed ? PyList_GET_SIZE(self->from) : PyTuple_GET_SIZE(self->from)))
        return Py_NewRef(listed ? PyList_GET_ITEM(self->from, number) : PyTuple_GET_ITEM(self->from, number));
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "nothing has that number");
    return NULL;
}

static int fill_gaps(PyObject *constants, const Filling *filling, Turn turn)
{
    Py_ssize_t count = count_of(filling->places);
    Py_ssize_t numbers = filling->numbers != NULL ? count_of(filling->numbers) : PyTuple_GET_SIZE(filling->from);
    if (count < 0 || count != numbers) {
        PyErr_SetString(PyExc_ValueError, "the gaps and what fills them are not as many");
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        if (fill_gap(constants, number_at(filling->places, i), filling_at(filling, i), turn) < 0) return -1;
    return 0;
}

/* The collector no longer looks into tuples in which it has only found atoms. */
static void track(PyObject *constants)
{
    if (PyTuple_GET_SIZE(constants) && !PyObject_GC_IsTracked(constants)) PyObject_GC_Track(constants);
}

/* The hash of code is made of that of its constants, and must not change when these are completed: who keeps code in a
   dict (a profiler, say) would not find it again. */
static Py_hash_t hash_of_constants(PyObject *constants)
{
    Py_hash_t hash = (Py_hash_t)((size_t)constants >> 4);
    return hash == -1 ? -2 : hash;
}

static PyTypeObject constants_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "tuple",
    .tp_basicsize = sizeof(PyTupleObject) - sizeof(PyObject *),
    .tp_itemsize = sizeof(PyObject *),
    .tp_flags = Py_TPFLAGS_DEFAULT, /* it inherits what the collector needs */
    .tp_doc = "The constants of a function that is completed when it is first called.",
    .tp_hash = hash_of_constants,
};

int prepare_constants(void)
{
    constants_type.tp_base = &PyTuple_Type;
    return PyType_Ready(&constants_type);
}

/* The seven items of a piece after its code: probes of these names, ids of events, inner code (see follow/linking.py). */
static int fill_piece(PyObject *constants, PyObject *piece, Py_ssize_t at, PyObject *made, Py_ssize_t base, PyObject *done,
                      Turn turn)
{
    PyObject **items = PySequence_Fast_ITEMS(piece) + at;
    if (!PyLong_Check(items[3])) {
        PyErr_SetString(PyExc_ValueError, "that is no piece of code");
        return -1;
    }
    Py_ssize_t first = PyLong_AsSsize_t(items[3]);
    if (first == -1 && PyErr_Occurred()) return -1;
    Filling fillings[] = {{items[0], items[1], made, 0}, {items[2], items[4], NULL, base + first},
                          {items[5], items[6], done, 0}};
    for (int i = 0; i < 3; i++)
        if (fill_gaps(constants, &fillings[i], turn) < 0) return -1;
    track(constants);
    return 0;
}

enum { PIECE = 8, LATER = 6 }; /* the sizes of a piece whose code is whole, and of one that is completed when it is called */

static PyObject *later_new(PyObject *common, PyObject *piece);

static int complete_one(PyObject *piece, PyObject *made, Py_ssize_t base, PyObject *common, PyObject *done)
{
    Py_ssize_t size = PyTuple_CheckExact(piece) ? PyTuple_GET_SIZE(piece) : 0;
    if ((size != PIECE && (size != LATER || common == NULL)) || !PyCode_Check(PyTuple_GET_ITEM(piece, 0))) {
        PyErr_SetString(PyExc_ValueError, "that is no piece of code");
        return -1;
    }
    PyObject *code = PyTuple_GET_ITEM(piece, 0), *constants = ((PyCodeObject *)code)->co_consts;
    if (size == PIECE) {
        if (fill_piece(constants, piece, 1, made, base, done, FIRST) < 0) return -1;
    } else {
        Filling inner = {PyTuple_GET_ITEM(piece, 4), PyTuple_GET_ITEM(piece, 5), done, 0};
        if (fill_gaps(constants, &inner, FIRST) < 0) return -1;
        PyObject *later = later_new(common, piece);
        if (fill_gap(constants, PyLong_AsSsize_t(PyTuple_GET_ITEM(piece, 1)), later, FIRST) < 0) return -1;
        track(constants);
        Py_SET_TYPE(constants, &constants_type);
    }
    return PyList_Append(done, code);
}

static PyObject *complete_all(PyObject *codes, PyObject *made, Py_ssize_t base, PyObject *common)
{
    PyObject *done = PyList_New(0);
    for (Py_ssize_t i = 0; done != NULL && i < PyTuple_GET_SIZE(codes); i++)
        if (complete_one(PyTuple_GET_ITEM(codes, i), made, base, common, done) < 0) Py_CLEAR(done);
    return done;
}

PyObject *completed(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count != 6 || !PyTuple_CheckExact(args[0]) || !PyList_CheckExact(args[1]) || !PyBytes_CheckExact(args[3])
        || !PyDict_CheckExact(args[4]) || !PyDict_CheckExact(args[5])) {
        PyErr_SetString(PyExc_TypeError, "completed(codes, made, base, parts, others, makers)");
        return NULL;
    }
    Py_ssize_t base = PyLong_AsSsize_t(args[2]);
    if (base == -1 && PyErr_Occurred()) return NULL;
    PyTypeObject *probe = type_in(module, "Probe"), *later = probe == NULL ? NULL : type_in(module, "Later");
    PyObject *common = later == NULL ? NULL : PyTuple_Pack(COMMON, probe, args[2], args[3], args[4], args[5], later);
    PyObject *done = common == NULL ? NULL : complete_all(args[0], args[1], base, common);
    Py_XDECREF(probe);
    Py_XDECREF(later);
    Py_XDECREF(common);
    if (done == NULL) return NULL;
    Py_ssize_t size = PyList_GET_SIZE(done);
    PyObject *last = size ? Py_NewRef(PyList_GET_ITEM(done, size - 1)) : NULL;
    Py_DECREF(done);
    if (last == NULL) PyErr_SetString(PyExc_ValueError, "there is no code");
    return last;
}

/* -- code that is completed when it is first called ----------------------------------------------------------------- */

/* Put into the gaps of a function's constants what `found` says, as follow/postpone.py has packed it. */
static int fill_with(Later *self, PyObject *constants, PyObject *found)
{
    enum { VALUES = 1, NAMES, PIECES = 10, ENTRY, SIZE }; /* see Part in follow/later.py */
    PyObject **common = PySequence_Fast_ITEMS(self->common);
    PyObject **items = PyTuple_CheckExact(found) ? PySequence_Fast_ITEMS(found) : NULL;
    if (items == NULL || PyTuple_GET_SIZE(found) != SIZE || !PyTuple_CheckExact(items[VALUES])
        || !PyTuple_CheckExact(items[NAMES]) || !PyTuple_CheckExact(items[PIECES]) || !PyLong_CheckExact(items[ENTRY])) {
        PyErr_SetString(PyExc_ValueError, "that is no function's code");
        return -1;
    }
    Py_ssize_t base = PyLong_AsSsize_t(common[BASE]), entry = PyLong_AsSsize_t(items[ENTRY]);
    PyObject *made = probes_named((PyTypeObject *)common[PROBE], items[NAMES], common[MAKERS], NULL, common[OTHERS]);
    PyObject *done = made == NULL ? NULL : complete_all(items[PIECES], made, base, NULL);
    Filling values = {items[0], NULL, items[VALUES], 0};
    int failed = done == NULL || fill_gaps(constants, &values, AGAIN) < 0
                 || fill_piece(constants, found, NAMES + 1, made, base, done, AGAIN) < 0;
    if (!failed && (entry < 0 || entry >= PyList_GET_SIZE(made))) {
        PyErr_SetString(PyExc_ValueError, "nothing has that number");
        failed = 1;
    }
    if (!failed && PyTuple_GET_ITEM(constants, self->place) == (PyObject *)self) { /* else it was done meanwhile */
        PyTuple_SET_ITEM(constants, self->place, Py_NewRef(PyList_GET_ITEM(made, entry)));
        self->filled = 1;
        Py_DECREF(self); /* who calls has a reference */
    }
    Py_XDECREF(made);
    Py_XDECREF(done);
    return failed ? -1 : 0;
}

static int fill_all(Later *self, PyObject *constants)
{
    const char *parts = PyBytes_AS_STRING(PyTuple_GET_ITEM(self->common, PARTS));
    PyObject *found = PyMarshal_ReadObjectFromString(parts + self->start, self->end - self->start);
    int failed = found == NULL ? -1 : fill_with(self, constants, found);
    Py_XDECREF(found);
    return failed;
}

/* Whether this stands among some code's constants; or did when it was loaded, and has given way since: the collector or a
   tracer may have run meanwhile, and anything with it. */
static int stands_in(Later *self, PyObject *constants)
{
    if (self->place >= PyTuple_GET_SIZE(constants)) return 0;
    PyObject *there = PyTuple_GET_ITEM(constants, self->place);
    return there == (PyObject *)self || (self->filled && Py_TYPE(there) != Py_TYPE(self) && PyCallable_Check(there));
}

/* The constants of the code that runs now. */
static PyObject *constants_of_caller(Later *self)
{
    PyFrameObject *frame = PyEval_GetFrame();
    if (frame == NULL) return PyErr_NoMemory();
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *constants = Py_NewRef(code->co_consts);
    Py_DECREF(code);
    if (stands_in(self, constants)) return constants;
    Py_DECREF(constants);
    PyErr_SetString(PyExc_TypeError, "the code of a function that follow has rewritten must keep the order of its constants"
                                     " until it is first called");
    return NULL;
}

static PyObject *complete_and_call(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names)
{
    Later *self = (Later *)callable;
    PyObject *constants = constants_of_caller(self);
    if (constants == NULL) return NULL;
    Py_INCREF(self);
    PyObject *state = NULL;
    if (PyTuple_GET_ITEM(constants, self->place) != (PyObject *)self || fill_all(self, constants) == 0) {
        PyObject *begin = Py_NewRef(PyTuple_GET_ITEM(constants, self->place));
        state = PyObject_Vectorcall(begin, args, flags, names);
        Py_DECREF(begin);
    }
    Py_DECREF(self);
    Py_DECREF(constants);
    return state;
}

static PyObject *later_new(PyObject *common, PyObject *piece)
{
    Py_ssize_t numbers[3];
    for (int i = 0; i < 3; i++) {
        numbers[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(piece, i + 1));
        if (numbers[i] < 0) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "that is no piece of code");
            return NULL;
        }
    }
    if (numbers[1] > numbers[2] || numbers[2] > PyBytes_GET_SIZE(PyTuple_GET_ITEM(common, PARTS))) {
        PyErr_SetString(PyExc_ValueError, "there is no such part");
        return NULL;
    }
    PyTypeObject *kind = (PyTypeObject *)PyTuple_GET_ITEM(common, LATER_TYPE);
    Later *self = (Later *)kind->tp_alloc(kind, 0);
    if (self == NULL) return NULL;
    self->vectorcall = complete_and_call;
    self->common = Py_NewRef(common);
    self->place = numbers[0], self->start = numbers[1], self->end = numbers[2];
    return (PyObject *)self;
}

#else

int prepare_constants(void) { return 0; }

PyObject *completed(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module, (void)args, (void)count;
    Py_RETURN_NONE; /* later interpreters may do something with constants when they make code */
}

static PyObject *complete_and_call(PyObject *callable, PyObject *const *args, size_t flags, PyObject *names)
{
    (void)callable, (void)args, (void)flags, (void)names;
    Py_RETURN_NONE; /* there is none */
}

#endif

/* -- where an instruction stands ------------------------------------------------------------------------------------- */

/* `position(code, offset)`: first line, first column, last line, last column of an instruction; None where there is none. */
PyObject *position(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || !PyCode_Check(args[0]) || !PyLong_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "position(code, offset)");
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030B0000
    int offset = (int)PyLong_AsLong(args[1]), line, column, last_line, last_column;
    if (offset == -1 && PyErr_Occurred()) return NULL;
    if (PyCode_Addr2Location((PyCodeObject *)args[0], offset, &line, &column, &last_line, &last_column) && line >= 0
        && column >= 0 && last_line >= 0 && last_column >= 0)
        return Py_BuildValue("iiii", line, column, last_line, last_column);
#endif
    Py_RETURN_NONE;
}

static void later_dealloc(Later *self)
{
    PyTypeObject *kind = Py_TYPE(self);
    Py_XDECREF(self->common);
    kind->tp_free((PyObject *)self);
    Py_DECREF(kind);
}

static PyMemberDef later_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Later, vectorcall), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL}};

static PyType_Slot later_slots[] = {
    {Py_tp_doc, "Completes the code that calls it, and begins its call."},
    {Py_tp_dealloc, (void *)later_dealloc},
    {Py_tp_call, (void *)PyVectorcall_Call},
    {Py_tp_members, later_members},
    {0, NULL}};

PyType_Spec later_spec = {
    "follow._native.Later", sizeof(Later), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    later_slots};
