#include "core/severity_types.h"

#include "../unit.h"

#include "base/macros.h"

/* clang-format off */
static void wider_types(void **state) {
    (void)state;
    static const struct { const char *old, *new; bool wider; } cases[] = {
        /* the API's own words */
        {"integer", "number", true}, {"number", "integer", false}, {"integer", "string", true}, {"number", "string", true},
        {"boolean", "string", true}, {"date", "string", true}, {"datetime", "string", true}, {"string", "number", false},
        {"string", "integer", false}, {"string", "boolean", false}, {"date", "datetime", false}, {"datetime", "date", false},
        {"boolean", "integer", false}, {"integer", "boolean", false}, {"boolean", "number", false},
        /* what is no scalar, and what is not known */
        {"json", "string", false}, {"array", "string", false}, {"object", "string", false}, {"string", "json", false},
        {"string_array", "string", false}, {"flubber", "string", false}, {"string", "flubber", false}, {"", "string", false},
        {"string", "", false}, {NULL, "string", false}, {"string", NULL, false}, {NULL, NULL, false},
        {"integer[]", "string", false}, {"integer", "string[]", false}, {"array<string>", "string", false},
        /* PostgreSQL */
        {"smallint", "integer", true}, {"integer", "bigint", true}, {"bigint", "integer", false}, {"int4", "int8", true},
        {"smallint", "real", true}, {"integer", "real", false}, {"integer", "double precision", true}, {"bigint", "double precision", false},
        {"real", "double precision", true}, {"double precision", "real", false}, {"bigint", "numeric", true},
        {"integer", "numeric(10,2)", false}, {"integer", "numeric(12,2)", true}, {"bigint", "numeric(18,0)", false}, {"bigint", "numeric(19)", true},
        {"numeric(10,2)", "numeric", true}, {"numeric(10,2)", "numeric(12,2)", true}, {"numeric(10,2)", "numeric(10,4)", false},
        {"double precision", "numeric", false}, {"numeric", "double precision", false}, {"uuid", "text", true},
        {"timestamp with time zone", "text", true}, {"timestamp(3) with time zone", "text", true}, {"jsonb", "text", false},
        {"varchar(100)", "text", true}, {"text", "varchar(100)", false}, {"varchar(100)", "varchar(255)", true}, {"varchar(255)", "varchar(100)", false},
        {"character varying(100)", "varchar(255)", true}, {"char(10)", "varchar(10)", true}, {"varchar(10)", "char", false}, {"char", "varchar(1)", true},
        {"uuid", "varchar(36)", false}, {"integer", "varchar(20)", false}, {"integer", "varchar", true},
        /* Salesforce */
        {"int", "double", true}, {"double", "string", true}, {"picklist", "string", true}, {"reference", "string", true},
        {"id", "string", true}, {"currency", "string", true}, {"percent", "textarea", true}, {"string", "textarea", true},
        {"string(80)", "string(255)", true}, {"string(255)", "string(80)", false}, {"multipicklist", "string", false}, {"address", "string", false},
        /* HubSpot */
        {"enumeration", "string", true}, {"bool", "string", true}, {"bool", "boolean", true}, {"phone_number", "string", true}, {"string", "enumeration", false},
        /* Snowflake */
        {"NUMBER(38,0)", "NUMBER(38,2)", false}, {"NUMBER(10,0)", "NUMBER(38,0)", true}, {"integer", "NUMBER(38,0)", true}, {"NUMBER(38,0)", "NUMBER", true},
        {"NUMBER", "NUMBER(38,0)", false}, {"NUMBER(38,0)", "VARCHAR", true}, {"TIMESTAMP_NTZ(9)", "STRING", true}, {"VARIANT", "STRING", false}, {"FLOAT", "NUMBER", true},
        {"NUMBER(10,2)", "DECIMAL(12,2)", true},
        /* BigQuery */
        {"INT64", "NUMERIC", true}, {"INT64", "FLOAT64", false}, {"NUMERIC", "BIGNUMERIC", true}, {"BIGNUMERIC", "NUMERIC", false},
        {"STRING(10)", "STRING", true}, {"STRING", "STRING(10)", false}, {"STRUCT<a INT64>", "STRING", false}, {"BOOL", "STRING", true},
        /* MySQL */
        {"tinyint", "smallint", true}, {"mediumint", "int", true}, {"bigint", "decimal(20,0)", true}, {"datetime", "longtext", true},
        {"enum('a','b')", "varchar(10)", false}, {"enum('a','b')", "text", false}, {"text", "tinytext", false}, {"varchar(255)", "tinytext", true},
        {"int unsigned", "bigint", false}, {"decimal(18,4)", "decimal(20,4)", true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (type_is_wider(cases[i].old, cases[i].new) != cases[i].wider)
            fail_msg("%s -> %s: expected %d", cases[i].old, cases[i].new, cases[i].wider);
}

static void growth_of_source_types(void **state) {
    (void)state;
    static const struct { const char *old, *new; enum type_growth growth; } cases[] = {
        {"varchar(100)", "varchar(255)", TYPE_GREW}, {"varchar(255)", "varchar(100)", TYPE_SHRANK},
        {"character varying(100)", "character varying(255)", TYPE_GREW}, {"character varying(255)", "varchar(100)", TYPE_SHRANK},
        {"varchar(100)", "VARCHAR (255)", TYPE_GREW}, {"varchar(100)", "varchar( 100 )", TYPE_OTHER},
        {"varchar(100)", "varchar", TYPE_GREW}, {"varchar", "varchar(100)", TYPE_SHRANK}, {"varchar(max)", "varchar(100)", TYPE_SHRANK},
        {"varchar(8000)", "varchar(max)", TYPE_GREW}, {"varchar(max)", "varchar(MAX)", TYPE_OTHER},
        {"char", "char(2)", TYPE_GREW}, {"char(2)", "character", TYPE_SHRANK}, {"char(1)", "char", TYPE_OTHER},
        {"varchar(100)", "text", TYPE_OTHER}, {"text", "varchar(100)", TYPE_OTHER}, {"integer", "bigint", TYPE_OTHER}, {"text", "text", TYPE_OTHER},
        {"varchar(100)", "nvarchar(255)", TYPE_OTHER},
        {"numeric(10,2)", "numeric(12,2)", TYPE_GREW}, {"numeric(12,2)", "numeric(10,2)", TYPE_SHRANK}, {"numeric(10,2)", "numeric(12,4)", TYPE_GREW},
        {"numeric(10,2)", "numeric(10,4)", TYPE_SHRANK}, {"numeric(10,4)", "numeric(10,2)", TYPE_SHRANK}, {"numeric(10,2)", "numeric(12,6)", TYPE_SHRANK},
        {"numeric(10)", "numeric(10,0)", TYPE_OTHER}, {"numeric(10)", "numeric(12,2)", TYPE_GREW}, {"numeric(3,-2)", "numeric(4,-2)", TYPE_GREW},
        {"numeric(10,2)", "numeric", TYPE_GREW}, {"numeric", "numeric(38,9)", TYPE_SHRANK}, {"decimal(18,4)", "numeric(20,4)", TYPE_GREW},
        {"NUMBER(10,0)", "NUMBER(38,0)", TYPE_GREW}, {"NUMBER(38,0)", "NUMBER(10,0)", TYPE_SHRANK},
        {"STRING(10)", "STRING(20)", TYPE_GREW}, {"STRING(10)", "STRING", TYPE_GREW}, {"string(80)", "string(255)", TYPE_GREW}, {"string(80)", "string(40)", TYPE_SHRANK},
        {"BIGNUMERIC(40,2)", "BIGNUMERIC(50,2)", TYPE_GREW}, {"VARCHAR(16777216)", "VARCHAR(255)", TYPE_SHRANK},
        {"timestamp(3) with time zone", "timestamp(6) with time zone", TYPE_GREW}, {"timestamp(3)", "timestamp(6)", TYPE_GREW},
        {"timestamp(3) with time zone", "timestamp(6) without time zone", TYPE_OTHER}, {"time(6)", "time(0)", TYPE_SHRANK},
        {"int(11)", "int(20)", TYPE_GREW}, {"decimal(10,2) unsigned", "decimal(12,2) unsigned", TYPE_GREW}, {"decimal(10,2) unsigned", "decimal(12,2)", TYPE_OTHER},
        {"varchar2(100 byte)", "varchar2(200 BYTE)", TYPE_GREW}, {"varchar2(100 byte)", "varchar2(200 char)", TYPE_OTHER},
        {"varchar(10)[]", "varchar(20)[]", TYPE_GREW}, {"array<varchar(10)>", "array<varchar(20)>", TYPE_GREW},
        {"enum('a')", "enum('a','b')", TYPE_OTHER}, {"set('a')", "set('b')", TYPE_OTHER},
        /* no types at all, and numbers without end */
        {"", "", TYPE_OTHER}, {NULL, "varchar(1)", TYPE_OTHER}, {"varchar(1)", NULL, TYPE_OTHER}, {"varchar(", "varchar(1)", TYPE_OTHER},
        {"varchar()", "varchar(1)", TYPE_OTHER}, {"varchar(1", "varchar(2", TYPE_OTHER}, {"(1)", "(2)", TYPE_GREW}, {"x(1,2,3)", "x(1,2,4)", TYPE_OTHER},
        {"varchar(10)", "varchar(99999999999999999999999999)", TYPE_GREW}, {"varchar(99999999999999999999999999)", "varchar(99999999999999999999999998)", TYPE_OTHER},
        {"numeric(99999999999,-99999999999)", "numeric(1,99999999999)", TYPE_SHRANK}, {"x(", "x(,", TYPE_OTHER}, {"x(-)", "x(1)", TYPE_OTHER},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        enum type_growth growth = type_growth(cases[i].old, cases[i].new);
        if (growth != cases[i].growth)
            fail_msg("%s -> %s: %d, expected %d", cases[i].old, cases[i].new, (int)growth, (int)cases[i].growth);
    }
}
/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wider_types),
        cmocka_unit_test(growth_of_source_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
