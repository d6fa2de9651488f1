#include "intercom/error.h"

const char *ic_strerror(int error)
{
    switch (error) {
    case IC_OK:
        return "no error";
#define IC__TEXT(name, number, text)                                                     \
    case IC_ERR_##name:                                                                  \
        return text;
        IC_ERROR_MAP(IC__TEXT)
#undef IC__TEXT
    default:
        return "unknown error";
    }
}

const char *ic_error_name(int error)
{
    switch (error) {
    case IC_OK:
        return "OK";
#define IC__NAME(name, number, text)                                                     \
    case IC_ERR_##name:                                                                  \
        return #name;
        IC_ERROR_MAP(IC__NAME)
#undef IC__NAME
    default:
        return "UNKNOWN";
    }
}
