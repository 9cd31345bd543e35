# Writes base/version.h: the code version and the commit, for the provenance in every model and prediction file. `git archive` writes the commit
# into this file (.gitattributes), so a tarball knows it, too; a copy made otherwise: "unknown".
set(ARCHIVED "$Format:%H$")
string(SUBSTRING "${ARCHIVED}" 0 12 COMMIT)
if(NOT COMMIT MATCHES "^[0-9a-f]+$")
    set(COMMIT unknown)
endif()
find_program(GIT git)
if(GIT AND EXISTS ${SOURCE}/.git)
    execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=* OUTPUT_VARIABLE out RESULT_VARIABLE rc
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(rc EQUAL 0 AND out)
        set(COMMIT ${out})
    endif()
endif()
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT [[/* Generated: which code this is. Floor 0. */
#ifndef BMU_BASE_VERSION_H
#define BMU_BASE_VERSION_H

#define BMUNET_VERSION "@VERSION@"
#define BMUNET_COMMIT "@COMMIT@" /* git commit, "-dirty" if the tree differed from it, "unknown" without git */
#define BMUNET_CODE "bmunet " BMUNET_VERSION " (" BMUNET_COMMIT ")"

#endif
]])
