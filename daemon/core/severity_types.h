/* What a change of a type means for the values that it holds: tables of the words that data bases, SaaS
 * systems and the API use for types. Only for severity. */
#pragma once

#include <stdbool.h>

/* True where every value of the old type is one of the new type: integer -> number, any scalar -> string.
 * Words that are not known are no scalars. NULL is no type. */
bool type_is_wider(const char *old_type, const char *new_type);

enum type_growth {
    TYPE_OTHER, /* more differs than the length or precision, or nothing that counts */
    TYPE_GREW,  /* only the length or precision did, and every old value has room */
    TYPE_SHRANK,
};

/* "varchar(100)" -> "varchar(255)". Letter case, spaces and other spellings of the same word are no
 * difference; a type without its length has no limit. */
enum type_growth type_growth(const char *old_type, const char *new_type);
