/* Which library is this, and is all there that it needs?
 *
 * Build: cc 01_version.c -o 01_version $(pkg-config --cflags --libs bmunet)
 * Run: ./01_version
 * Prints: ^bmunet [0-9]+\.[0-9]+\.[0-9]+ \(
 * Prints: ^decoder and shared files: found$
 */
#include <stdio.h>

#include <bmunet.h>

int main(void) {
    struct bmunet_error error;
    printf("%s\nversion %s; compiled with the header of %d.%d.%d\n", bmunet_build(), bmunet_version(), BMUNET_VERSION_MAJOR,
           BMUNET_VERSION_MINOR, BMUNET_VERSION_PATCH);
    if (bmunet_paths_check(NULL, &error)) {
        fprintf(stderr, "%s: %s\n", bmunet_error_name(error.code), error.message);
        return 1;
    }
    puts("decoder and shared files: found");
    return 0;
}
