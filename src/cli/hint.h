/* Which option helps: errors of the library do not know the command line. Floor 9. */
#ifndef BMU_CLI_HINT_H
#define BMU_CLI_HINT_H

/* A clause for the end of the message, or for a list of codes; "" if there is none. verb may be NULL. Static storage. */
const char *hint_for(const char *verb, int code);

#endif
