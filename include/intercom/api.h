/**
 * @file intercom/api.h
 * Marks that every public declaration carries.
 */
#ifndef INTERCOM_API_H
#define INTERCOM_API_H

#if defined(__GNUC__) || defined(__clang__)
#define IC_API __attribute__((visibility("default")))
#define IC_CHECK __attribute__((warn_unused_result))
#define IC_PRINTF(format_at, first_at)                                                   \
    __attribute__((format(printf, format_at, first_at)))
#else
#define IC_API
#define IC_CHECK
#define IC_PRINTF(format_at, first_at)
#endif

#ifdef __cplusplus
#define IC_BEGIN_DECLS extern "C" {
#define IC_END_DECLS }
#else
#define IC_BEGIN_DECLS
#define IC_END_DECLS
#endif

#endif
