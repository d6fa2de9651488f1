/**
 * @file temp_folder.h
 * A folder of its own for a test that needs files.
 */
#ifndef TEMP_FOLDER_H
#define TEMP_FOLDER_H

#include <stddef.h>

/** Make a new empty folder and store its path in `path`; fails the test when it cannot.
 */
void temp_folder_make(char *path, size_t cap);

/** Delete it and everything in it. */
void temp_folder_remove(const char *path);

#endif
