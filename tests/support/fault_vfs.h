/**
 * @file fault_vfs.h
 * A disk for SQLite that breaks on demand: the Nth write, sync, truncation, deletion or
 * opening of a file fails, and all later ones.
 */
#ifndef FAULT_VFS_H
#define FAULT_VFS_H

typedef enum fault_kind {
    FAULT_FULL, /* writes say that there is no space */
    FAULT_IO    /* everything says that the device failed */
} fault_kind;

/** From now on let SQLite use it, with call number `nth` (1 = the next) the first to
 * fail; 0 = none. */
void fault_vfs_start(unsigned nth, fault_kind kind);

/** Back to the system's; says whether a call failed. */
int fault_vfs_stop(void);

#endif
