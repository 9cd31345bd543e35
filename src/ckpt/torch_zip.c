/* A torch.save()d file: a zip of <top>/data.pkl and one entry <top>/data/<key> per storage. Floor 2.
 *
 * Source: PyTorch's torch/serialization.py and caffe2/serialize/inline_container.cc. PyTorch stores its entries uncompressed. libzip reads
 * them (the only file that sees zip.h): that copies the storages once, at memory speed, but the CRC check, the local headers and zip64 stay
 * its business; borrowing from the mapping would need a zip reader of our own for an import that runs once per checkpoint.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/mem.h"
#include "base/order.h"
#include "ckpt/archive_build.h"
#include "ckpt/torch_pickle.h"

/* One storage per tensor, and data.pkl, version, byteorder and the like beside them. */
enum { ENTRIES_MAX = ARCHIVE_ARRAYS_MAX + 16, PICKLE_MAX_BYTES = 64 << 20, ENTRY_NAME_MAX = 1024, CHUNK = 1 << 24 };

static const char LEGACY[] = "the file has PyTorch's old format, which cannot be read as data. Save it again once, with PyTorch 1.6 or "
                             "newer and only if you trust it: torch.save(torch.load(\"old.pth\", map_location=\"cpu\"), \"new.pth\")";

struct entry {
    const char *name; /* libzip's; first, for order_text() */
    uint64_t index, size;
    void *data; /* owned by the archive; NULL until a tensor needs it */
};

struct torch_zip {
    zip_t *zip;
    size_t file_size;
    struct entry *entries; /* sorted by name */
    size_t count;
    char *top; /* "archive/", owned */
    struct archive *archive;
    struct err *e;
};

/* The old formats: a pickle of a magic number first (0.1.10 to 1.5), or a tar file (before). */
static bool is_legacy(const uint8_t *bytes, size_t n) {
    static const uint8_t magic[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                    0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19}; /* LONG1 0x1950a86a20f9469cfc6c */
    if (n >= 2 + sizeof magic && bytes[0] == 0x80 && !memcmp(bytes + 2, magic, sizeof magic))
        return true;
    return n >= 262 && !memcmp(bytes + 257, "ustar", 5);
}

/* Without ZIP_CHECKCONS: newer versions of libzip guess the size of an entry's data descriptor from the archive's end record, and PyTorch
 * writes the zip64 one with 32-bit descriptors. What that check would find is found here: names by survey(), sizes by survey_entry(), bytes
 * by their CRC. */
static int open_zip(struct torch_zip *z, const uint8_t *bytes, size_t n) {
    zip_error_t error;
    zip_error_init(&error);
    int rc = 0;
    zip_source_t *source = zip_source_buffer_create(bytes, n, 0, &error);
    if (source && !(z->zip = zip_open_from_source(source, ZIP_RDONLY, &error)))
        zip_source_free(source);
    if (!z->zip)
        rc = err_set(z->e, ERR_TORCH_ZIP, "not a whole PyTorch zip checkpoint: %s", zip_error_strerror(&error));
    zip_error_fini(&error);
    return rc;
}

static struct entry *find(const struct torch_zip *z, const char *name) {
    struct entry key = {.name = name};
    return bsearch(&key, z->entries, z->count, sizeof *z->entries, order_text);
}

/* What the central directory says about one entry; nothing of the entry itself is read. */
static int survey_entry(struct torch_zip *z, size_t i, uint64_t *total) {
    struct zip_stat st;
    if (zip_stat_index(z->zip, i, 0, &st) || !(st.valid & ZIP_STAT_NAME) || !(st.valid & ZIP_STAT_SIZE) || !(st.valid & ZIP_STAT_COMP_SIZE))
        return err_set(z->e, ERR_TORCH_ZIP, "entry %zu of the zip cannot be read", i);
    struct shown label = shown(st.name, strlen(st.name));
    if (strlen(st.name) > ENTRY_NAME_MAX)
        return err_set(z->e, ERR_LIMIT, "the zip entry '%s' has a name of more than %d bytes", label.text, (int)ENTRY_NAME_MAX);
    if (!(st.valid & ZIP_STAT_ENCRYPTION_METHOD) || st.encryption_method != ZIP_EM_NONE)
        return err_set(z->e, ERR_UNSUPPORTED, "the zip entry '%s' is encrypted", label.text);
    if (!(st.valid & ZIP_STAT_COMP_METHOD) || st.comp_method != ZIP_CM_STORE)
        return err_set(z->e, ERR_UNSUPPORTED,
                       "the zip entry '%s' is compressed (method %d); PyTorch stores without compression: use the file that it wrote",
                       label.text, (int)st.comp_method);
    if (st.size != st.comp_size || st.size > z->file_size || *total > z->file_size - st.size)
        return err_set(z->e, ERR_TORCH_ZIP, "the zip entry '%s' claims %llu bytes, more than the file can hold", label.text,
                       (unsigned long long)st.size);
    *total += st.size; /* so overlapping entries cannot multiply the file */
    z->entries[i] = (struct entry){.name = st.name, .index = i, .size = st.size};
    return 0;
}

static int survey(struct torch_zip *z) {
    zip_int64_t n = zip_get_num_entries(z->zip, 0);
    uint64_t total = 0;
    if (n < 0 || n > ENTRIES_MAX)
        return err_set(z->e, ERR_LIMIT, "the zip has %lld entries, the limit is %d", (long long)n, (int)ENTRIES_MAX);
    z->entries = mem_alloc((size_t)n, sizeof *z->entries, z->e);
    if (!z->entries)
        return ERR_NO_MEMORY;
    for (; z->count < (size_t)n; z->count++) {
        int rc = survey_entry(z, z->count, &total);
        if (rc)
            return rc;
    }
    qsort(z->entries, z->count, sizeof *z->entries, order_text);
    for (size_t i = 1; i < z->count; i++)
        if (!strcmp(z->entries[i - 1].name, z->entries[i].name))
            return err_set(z->e, ERR_TORCH_ZIP, "the zip entry '%s' appears twice",
                           shown(z->entries[i].name, strlen(z->entries[i].name)).text);
    return 0;
}

/* The one folder that holds everything: whatever the file was called when it was saved. */
static int find_top(struct torch_zip *z) {
    static const char wanted[] = "/data.pkl";
    for (size_t i = 0; i < z->count; i++) {
        const char *slash = strchr(z->entries[i].name, '/');
        if (!slash || strcmp(slash, wanted))
            continue;
        if (z->top)
            return err_set(z->e, ERR_TORCH_ZIP, "the zip holds more than one data.pkl");
        z->top = mem_strdup(z->entries[i].name, z->e);
        if (!z->top)
            return ERR_NO_MEMORY;
        z->top[slash + 1 - z->entries[i].name] = 0;
    }
    if (!z->top)
        return err_set(z->e, ERR_TORCH_ZIP, "a zip file without data.pkl in a folder: not a PyTorch checkpoint");
    for (size_t i = 0; i < z->count; i++)
        if (strncmp(z->entries[i].name, z->top, strlen(z->top)))
            return err_set(z->e, ERR_TORCH_ZIP, "the zip entry '%s' lies outside the folder '%s'",
                           shown(z->entries[i].name, strlen(z->entries[i].name)).text, shown(z->top, strlen(z->top)).text);
    return 0;
}

/* All bytes of an entry into a block of the archive. libzip compares the CRC when it comes to the end, so the end is read too. */
static int load(struct torch_zip *z, struct entry *entry) {
    uint8_t past, *to;
    if (entry->data)
        return 0;
    void *block;
    int rc = archive_block(&block, z->archive, (size_t)entry->size, z->e);
    if (rc)
        return rc;
    zip_file_t *file = zip_fopen_index(z->zip, entry->index, 0);
    if (!file)
        return err_set(z->e, ERR_TORCH_ZIP, "the zip entry '%s' cannot be read: %s", shown(entry->name, strlen(entry->name)).text,
                       zip_strerror(z->zip));
    uint64_t left = entry->size;
    zip_int64_t got = 0;
    for (to = block; left > 0; to += got, left -= (uint64_t)got)
        if ((got = zip_fread(file, to, left < CHUNK ? left : CHUNK)) <= 0)
            break;
    if (left == 0)
        got = zip_fread(file, &past, 1);
    if (left > 0 || got != 0)
        rc = err_set(z->e, ERR_TORCH_ZIP, "the zip entry '%s' is damaged: %s", shown(entry->name, strlen(entry->name)).text,
                     got < 0 ? zip_file_strerror(file) : "its length differs from the directory's");
    else
        entry->data = block;
    zip_fclose(file);
    return rc;
}

/* The entry <top><name>, or NULL. The name comes from the pickle. */
static struct entry *find_in_top(const struct torch_zip *z, const char *folder, struct slice name) {
    char path[2 * ENTRY_NAME_MAX + 16];
    if (name.size > ENTRY_NAME_MAX || memchr(name.bytes, 0, name.size))
        return NULL;
    int n = snprintf(path, sizeof path, "%s%s%.*s", z->top, folder, (int)name.size, name.bytes);
    return n > 0 && (size_t)n < sizeof path ? find(z, path) : NULL;
}

static struct slice text(const char *s) {
    return (struct slice){s, strlen(s)};
}

/* Absent in files of PyTorch before 2.1: then the writer's byte order was not recorded, and big-endian writers are a museum's matter. */
static int check_byteorder(struct torch_zip *z) {
    struct entry *entry = find_in_top(z, "", text("byteorder"));
    if (!entry)
        return 0;
    int rc = load(z, entry);
    if (rc)
        return rc;
    if (entry->size != 6 || memcmp(entry->data, "little", 6))
        return err_set(z->e, ERR_UNSUPPORTED, "the checkpoint's byte order is '%s', not 'little'",
                       shown(entry->data, (size_t)entry->size).text);
    return 0;
}

static int add_tensor(struct torch_zip *z, const struct torch_tensor *t) {
    struct shown label = shown(t->name.bytes, t->name.size), key = shown(t->storage.bytes, t->storage.size);
    struct entry *entry = find_in_top(z, "data/", t->storage);
    uint64_t element = dtype_size(t->facts.dtype);
    if (!entry)
        return err_set(z->e, ERR_TENSOR_STORAGE, "tensor '%s': its storage data/%s is not in the file", label.text, key.text);
    if (entry->size % element || entry->size / element != t->storage_count)
        return err_set(z->e, ERR_TENSOR_STORAGE,
                       "tensor '%s': its storage data/%s should have %llu elements of %llu bytes, but has %llu bytes", label.text, key.text,
                       (unsigned long long)t->storage_count, (unsigned long long)element, (unsigned long long)entry->size);
    int rc = load(z, entry);
    if (rc)
        return rc;
    struct array array = t->facts;
    array.data = (const uint8_t *)entry->data + t->offset * element; /* within: offset + count <= storage_count = size / element */
    return archive_add(z->archive, t->name.bytes, t->name.size, &array, ERR_PICKLE, z->e);
}

static int read_tensors(struct torch_zip *z) {
    struct arena values;
    struct torch_tensor *tensors;
    size_t count;
    struct entry *pickle = find_in_top(z, "", text("data.pkl"));
    arena_init(&values, 0);
    int rc = pickle ? 0 : err_set(z->e, ERR_TORCH_ZIP, "the zip's data.pkl cannot be found again: its folder's name is too long");
    if (!rc && pickle->size > PICKLE_MAX_BYTES)
        rc = err_set(z->e, ERR_LIMIT, "data.pkl has %llu bytes, the limit is %d", (unsigned long long)pickle->size, (int)PICKLE_MAX_BYTES);
    if (!rc)
        rc = load(z, pickle);
    if (!rc)
        rc = torch_pickle_read(&tensors, &count, &values, pickle->data, (size_t)pickle->size, z->e);
    for (size_t i = 0; !rc && i < count; i++)
        rc = add_tensor(z, &tensors[i]);
    arena_release(&values);
    return rc ? rc : archive_seal(z->archive, ERR_PICKLE, z->e);
}

int torch_parse(struct archive **out, const uint8_t *bytes, size_t n, struct err *e) {
    struct torch_zip z = {.file_size = n, .e = e};
    *out = NULL;
    if (is_legacy(bytes, n))
        return err_set(e, ERR_TORCH_LEGACY, "%s", LEGACY);
    if (n < 4 || memcmp(bytes, "PK\3\4", 4))
        return err_set(e, ERR_TORCH_ZIP, "not a PyTorch checkpoint: it does not start as a zip file");
    int rc = archive_new(&z.archive, bytes, n, e);
    if (rc)
        return rc;
    if (!(rc = open_zip(&z, bytes, n)) && !(rc = survey(&z)) && !(rc = find_top(&z)) && !(rc = check_byteorder(&z)) &&
        !(rc = read_tensors(&z))) {
        *out = z.archive;
        z.archive = NULL;
    }
    archive_close(z.archive);
    mem_free(z.entries);
    mem_free(z.top);
    if (z.zip)
        zip_discard(z.zip);
    return rc;
}

int torch_open(struct archive **out, const char *path, struct err *e) {
    int rc = archive_open(out, path, torch_parse, e);
    if (!rc)
        archive_forget(*out); /* the storages have been copied */
    return rc;
}

void archive_library(char out[32]) {
    snprintf(out, 32, "libzip %s", zip_libzip_version());
}
