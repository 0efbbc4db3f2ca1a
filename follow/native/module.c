/* The module: its types, and the digest of its sources. */
#include "native.h"

#ifndef FOLLOW_SOURCES
#define FOLLOW_SOURCES 0
#endif

static int fill(PyObject *module)
{
    static struct { const char *name; PyType_Spec *spec; } types[] = {
        {"Snapshots", &snapshots_spec}, {"Events", &events_spec}, {"Probe", &probe_spec},
        {"Packer", &packer_spec}, {"Later", &later_spec}, {"Own", &own_spec}, {"Entries", &entries_spec}, {"CallRecord", &call_record_spec}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        PyObject *type = PyType_FromModuleAndSpec(module, types[i].spec, NULL);
        if (type == NULL) return -1;
        int failed = PyModule_AddObjectRef(module, types[i].name, type);
        Py_DECREF(type);
        if (failed) return -1;
    }
    if (prepare_constants() < 0) return -1;
    PyObject *sources = PyLong_FromUnsignedLong(FOLLOW_SOURCES);
    if (sources == NULL) return -1;
    int failed = PyModule_AddObjectRef(module, "SOURCES", sources);
    Py_DECREF(sources);
    return failed;
}

static PyMethodDef functions[] = {
    {"call_record", (PyCFunction)(void *)call_record, METH_FASTCALL, "The probe of a statement in a function."},
    {"completed", (PyCFunction)(void *)completed, METH_FASTCALL, "Code with its gaps filled in place, or None."},
    {"digest", (PyCFunction)(void *)digest, METH_FASTCALL, "A checksum of some bytes-like objects, as a number."},
    {"forget_types", forget_types, METH_NOARGS, "A type has died, of which the description was known."},
    {"own_events", (PyCFunction)(void *)own_events, METH_FASTCALL, "The same for a recorder."},
    {"own_probes", (PyCFunction)(void *)own_probes, METH_FASTCALL, "The probes of a module's own statements, by site."},
    {"probes", probes, METH_VARARGS, "What the names of probes stand for, as a list."},
    {"joined", (PyCFunction)(void *)joined, METH_FASTCALL, "The flat list of events of some columns."},
    {"position", (PyCFunction)(void *)position, METH_FASTCALL, "Where in its source an instruction of some code stands."},
    {"taken", (PyCFunction)(void *)taken, METH_FASTCALL, "All items of a list, which is left with others, in one step."},
    {NULL, NULL, 0, NULL}};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)fill}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "follow._native", .m_doc = "The compiled helper of follow.", .m_slots = slots,
    .m_methods = functions};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
