/* A file system that shows a folder and cannot sync: fsync of a file is ENOTSUP, of a folder EINVAL, as over some
 * networks. Locks are refused with ENOLCK, and no links are counted.
 *
 * no_sync FOLDER MOUNTPOINT -f ...
 */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int root; /* the folder shown */

static const char *below(const char *path)
{
    return path[1] ? path + 1 : ".";
}

static int done(long result)
{
    return result < 0 ? -errno : (int)result;
}

static int of_file(const char *path, struct stat *found, struct fuse_file_info *file)
{
    int result = file ? fstat((int)file->fh, found) : fstatat(root, below(path), found, AT_SYMLINK_NOFOLLOW);
    found->st_nlink = 0;
    return done(result);
}

static int of_link(const char *path, char *target, size_t size)
{
    ssize_t length = readlinkat(root, below(path), target, size - 1);
    if (length >= 0)
        target[length] = 0;
    return length < 0 ? -errno : 0;
}

static int names(const char *path, void *into, fuse_fill_dir_t fill, off_t from, struct fuse_file_info *file,
                 enum fuse_readdir_flags flags)
{
    (void)from, (void)file, (void)flags;
    DIR *folder = fdopendir(openat(root, below(path), O_RDONLY | O_DIRECTORY));
    if (!folder)
        return -errno;
    for (struct dirent *entry; (entry = readdir(folder));)
        fill(into, entry->d_name, NULL, 0, 0);
    closedir(folder);
    return 0;
}

static int begun(int descriptor, struct fuse_file_info *file)
{
    file->fh = (unsigned long)descriptor;
    return descriptor < 0 ? -errno : 0;
}

static int made(const char *path, mode_t mode, struct fuse_file_info *file)
{
    return begun(openat(root, below(path), file->flags, mode), file);
}

static int opened(const char *path, struct fuse_file_info *file)
{
    return begun(openat(root, below(path), file->flags), file);
}

static int released(const char *path, struct fuse_file_info *file)
{
    (void)path;
    return done(close((int)file->fh));
}

static int have_read(const char *path, char *into, size_t size, off_t at, struct fuse_file_info *file)
{
    (void)path;
    return done(pread((int)file->fh, into, size, at));
}

static int have_written(const char *path, const char *from, size_t size, off_t at, struct fuse_file_info *file)
{
    (void)path;
    return done(pwrite((int)file->fh, from, size, at));
}

static int resized(const char *path, off_t size, struct fuse_file_info *file)
{
    if (file)
        return done(ftruncate((int)file->fh, size));
    int descriptor = openat(root, below(path), O_WRONLY);
    int result = done(descriptor < 0 ? -1 : ftruncate(descriptor, size));
    close(descriptor);
    return result;
}

static int folder_made(const char *path, mode_t mode)
{
    return done(mkdirat(root, below(path), mode));
}

static int unlinked(const char *path)
{
    return done(unlinkat(root, below(path), 0));
}

static int folder_removed(const char *path)
{
    return done(unlinkat(root, below(path), AT_REMOVEDIR));
}

static int linked(const char *target, const char *path)
{
    return done(symlinkat(target, root, below(path)));
}

static int renamed(const char *from, const char *to, unsigned int flags)
{
    return flags ? -EINVAL : done(renameat(root, below(from), root, below(to)));
}

static int mode_set(const char *path, mode_t mode, struct fuse_file_info *file)
{
    (void)file;
    return done(fchmodat(root, below(path), mode, 0));
}

static int times_set(const char *path, const struct timespec times[2], struct fuse_file_info *file)
{
    (void)file;
    return done(utimensat(root, below(path), times, AT_SYMLINK_NOFOLLOW));
}

static int file_not_synced(const char *path, int data_only, struct fuse_file_info *file)
{
    (void)path, (void)data_only, (void)file;
    return -ENOTSUP;
}

static int folder_not_synced(const char *path, int data_only, struct fuse_file_info *file)
{
    (void)path, (void)data_only, (void)file;
    return -EINVAL;
}

static int not_locked(const char *path, struct fuse_file_info *file, int command, struct flock *lock)
{
    (void)path, (void)file, (void)command, (void)lock;
    return -ENOLCK;
}

static const struct fuse_operations OPERATIONS = {
    .getattr = of_file, .readlink = of_link, .readdir = names, .create = made, .open = opened, .release = released,
    .read = have_read, .write = have_written, .truncate = resized, .mkdir = folder_made, .unlink = unlinked,
    .rmdir = folder_removed, .symlink = linked, .rename = renamed, .chmod = mode_set, .utimens = times_set,
    .fsync = file_not_synced, .fsyncdir = folder_not_synced, .lock = not_locked,
};

int main(int count, char **arguments)
{
    if (count < 3 || (root = open(arguments[1], O_RDONLY | O_DIRECTORY)) < 0) {
        perror("the folder to be shown");
        return 1;
    }
    arguments[1] = arguments[0];
    return fuse_main(count - 1, arguments + 1, &OPERATIONS, NULL);
}
