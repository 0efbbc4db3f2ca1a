/* Dicts that are filled in place, which takes a third of the time: records, and the entries of variables in them. Entries that
   no follower has kept are used again. */
#include "native.h"

#define MOST_SPARE 512
#define MOST_KEYS 4
enum { NAME_KEY, VALUE_KEY, TYPE_KEY, ENTRY_KEYS }; /* as in follow/capture.py */

/* Where the values of such dicts are, counted from where a dict keeps its keys. */
typedef struct {
    const void *empty; /* that of which others are copies: only compared, for each interpreter has its own */
    size_t at[MOST_KEYS]; /* all 0 where that is not known */
} Places;

static Places of_entries, of_records;

/* Entries that nobody but follow has any more, without their values: those of the next record are made of them. They are
   taken in the order of the record that had them, so mostly one is of the same variable again. */
static PyObject *spare[MOST_SPARE];
static int spare_count;
static PyObject *spare_record; /* a record without values that nobody else has, or NULL */

#if PY_VERSION_HEX < 0x030E0000

static inline PyObject **place_in(PyObject *dict, size_t at) { return (PyObject **)((char *)((PyDictObject *)dict)->ma_keys + at); }

/* Where the key of a value is. */
static inline PyObject **key_before(PyObject **place) { return place - 1; }

/* Look for marks where their values must be; that is not beyond what the smallest keys take. */
static void look_for(Places *places, PyObject *dict, PyObject *const *marks, int count)
{
    enum { SIZE = PY_VERSION_HEX < 0x030B0000 ? 160 : 120 };
    const char *table = (const char *)((PyDictObject *)dict)->ma_keys;
    for (size_t at = 0; at < SIZE; at += sizeof(PyObject *)) {
        PyObject *there;
        memcpy(&there, table + at, sizeof there);
        for (int i = 0; i < count; i++)
            if (there == marks[i]) places->at[i] = at;
    }
}

/* Whether a dict has no other keys than those, each at its place. */
static int is_intact(const Places *places, PyObject *dict, PyObject *const *keys, int count)
{
    if (!PyDict_CheckExact(dict) || PyDict_GET_SIZE(dict) != count || ((PyDictObject *)dict)->ma_values != NULL) return 0;
    for (int i = 0; i < count; i++) {
        PyObject **place = place_in(dict, places->at[i]);
        if (*place == NULL || *key_before(place) != keys[i]) return 0;
    }
    return 1;
}

/* Find out where values are in copies of a dict; where that fails, they are set as in any dict. */
static void find_places(Places *places, PyObject *empty, PyObject *const *keys, int count)
{
    PyObject *dict = PyDict_Copy(empty), *marks[MOST_KEYS] = {NULL};
    *places = (Places){.empty = empty};
    int failed = dict == NULL;
    for (int i = 0; i < count; i++) {
        marks[i] = PyList_New(0);
        failed = failed || marks[i] == NULL || PyDict_SetItem(dict, keys[i], marks[i]) < 0;
    }
    if (!failed && PyDict_GET_SIZE(dict) == count && ((PyDictObject *)dict)->ma_values == NULL) look_for(places, dict, marks, count);
    for (int i = 0; i < count; i++) failed = failed || places->at[i] == 0;
    Py_XSETREF(dict, PyDict_Copy(empty));
    failed = failed || dict == NULL || !is_intact(places, dict, keys, count);
    for (int i = 0; i < count && !failed; i++) Py_SETREF(*place_in(dict, places->at[i]), Py_NewRef(marks[i]));
    for (int i = 0; i < count && !failed; i++) failed = PyDict_GetItemWithError(dict, keys[i]) != marks[i];
    if (failed) places->at[0] = 0;
    for (int i = 0; i < count; i++) Py_XDECREF(marks[i]);
    Py_XDECREF(dict);
    PyErr_Clear();
}

/* Values in the places of a dict that the collector does not know yet. */
static int filled_in_place(const Places *places, PyObject *dict, PyObject *const *values, int count)
{
    if (places->at[0] == 0) return 0;
    int tracked = 0;
    for (int i = 0; i < count; i++) {
        PyObject **place = place_in(dict, places->at[i]);
        if (*place != values[i]) Py_SETREF(*place, Py_NewRef(values[i]));
        tracked = tracked || PyType_IS_GC(Py_TYPE(values[i]));
    }
    if (tracked) PyObject_GC_Track(dict);
    return 1;
}

void record_again(PyObject *record, PyObject *empty, PyObject *const *keys)
{
    PyObject *values[MOST_KEYS];
    if (PY_VERSION_HEX < 0x030B0000 || of_records.empty != empty || of_records.at[0] == 0 || spare_record != NULL
        || Py_REFCNT(record) != 1 || !is_intact(&of_records, record, keys, MOST_KEYS)) {
        Py_DECREF(record);
        return;
    }
    PyObject_GC_UnTrack(record);
    for (int i = 0; i < MOST_KEYS; i++) {
        PyObject **place = place_in(record, of_records.at[i]);
        values[i] = *place;
        *place = Py_NewRef(Py_None);
    }
    spare_record = record;
    for (int i = 0; i < MOST_KEYS; i++) Py_DECREF(values[i]); /* this may run anything */
}

/* Whether it is an entry that nobody else has, and that is as it was made: its name and type are texts. */
static int is_spare(const Places *places, PyObject *entry, PyObject *const *keys)
{
    return Py_REFCNT(entry) == 1 && is_intact(places, entry, keys, ENTRY_KEYS)
           && PyUnicode_CheckExact(*place_in(entry, places->at[NAME_KEY]))
           && PyUnicode_CheckExact(*place_in(entry, places->at[TYPE_KEY]));
}

void use_again(PyObject *made, const Entries *limits)
{
    PyObject *const *keys = PySequence_Fast_ITEMS(limits->keys);
    const Places *places = &of_entries;
    /* Python 3.10 remembers values of a dict by a version, which does not change when they are set in place. */
    if (PY_VERSION_HEX < 0x030B0000 || places->empty != limits->empty || places->at[0] == 0) return;
    while (Py_REFCNT(made) == 1 && PyList_GET_SIZE(made) > 0 && spare_count < MOST_SPARE && places->empty == limits->empty) {
        Py_ssize_t last = PyList_GET_SIZE(made) - 1;
        PyObject *entry = PyList_GET_ITEM(made, last), **place, *value;
        if (!is_spare(places, entry, keys)) return;
        Py_SET_SIZE(made, last); /* the reference is taken over */
        PyObject_GC_UnTrack(entry);
        place = place_in(entry, places->at[VALUE_KEY]);
        value = *place;
        *place = Py_NewRef(Py_None);
        spare[spare_count++] = entry;
        Py_DECREF(value); /* this may run anything */
    }
}

#else

static void find_places(Places *places, PyObject *empty, PyObject *const *keys, int count)
{
    (void)keys, (void)count;
    places->empty = empty;
}

static int filled_in_place(const Places *places, PyObject *dict, PyObject *const *values, int count)
{
    (void)places, (void)dict, (void)values, (void)count;
    return 0;
}

void use_again(PyObject *made, const Entries *limits)
{
    (void)made, (void)limits;
}

void record_again(PyObject *record, PyObject *empty, PyObject *const *keys)
{
    (void)empty, (void)keys;
    Py_DECREF(record);
}

#endif

/* A dict with these values; takes over the reference to it. */
static PyObject *filled(const Places *places, PyObject *dict, PyObject *const *keys, PyObject *const *values, int count)
{
    if (dict == NULL || (!PyObject_GC_IsTracked(dict) && filled_in_place(places, dict, values, count))) return dict;
    for (int i = 0; dict != NULL && i < count; i++)
        if (PyDict_SetItem(dict, keys[i], values[i]) < 0) Py_CLEAR(dict);
    return dict;
}

PyObject *filled_entry(PyObject *name, PyObject *value, PyObject *kind, const Entries *limits)
{
    PyObject *const *keys = PySequence_Fast_ITEMS(limits->keys), *values[] = {name, value, kind};
    if (of_entries.empty != limits->empty) {
        while (spare_count > 0) Py_DECREF(spare[--spare_count]); /* of another interpreter */
        find_places(&of_entries, limits->empty, keys, ENTRY_KEYS);
    }
    if (spare_count > 0 && filled_in_place(&of_entries, spare[spare_count - 1], values, ENTRY_KEYS)) return spare[--spare_count];
    return filled(&of_entries, PyDict_Copy(limits->empty), keys, values, ENTRY_KEYS);
}

PyObject *filled_record(PyObject *empty, PyObject *const *keys, PyObject *const *values)
{
    if (of_records.empty != empty) {
        Py_CLEAR(spare_record); /* of another interpreter */
        find_places(&of_records, empty, keys, MOST_KEYS);
    }
    PyObject *again = spare_record;
    spare_record = NULL;
    if (again != NULL) return filled(&of_records, again, keys, values, MOST_KEYS);
    return filled(&of_records, PyDict_Copy(empty), keys, values, MOST_KEYS);
}
