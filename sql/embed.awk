# Turns the SQL files into C: one table for each folder. A query's prepared name is its file's name.
#
# sql/migrations/0001_mirror.sql -> sql_migrations[], sql/functions/*.sql -> sql_functions[], sql/views/*.sql -> sql_views[],
# sql/queries/claim.sql -> const struct statement query_claim = {"claim", "..."}.

function folder_of(path,    parts, n) { n = split(path, parts, "/"); return parts[n - 1] }
function name_of(path,    parts, n)   { n = split(path, parts, "/"); sub(/\.sql$/, "", parts[n]); return parts[n] }

function finish() {
    if (file != "")
        print "    ;"
}

BEGIN {
    print "/* Made by sql/embed.awk: do not edit. */"
    print "#include \"service/sql_files.h\"\n"
}

FNR == 1 {
    finish()
    file = FILENAME
    folder = folder_of(file)
    name = name_of(file)
    count[folder]++
    names[folder, count[folder]] = name
    printf "static const char text_%s_%s[] =\n", folder, name
}

{
    gsub(/\\/, "&&")
    gsub(/"/, "\\\"")
    gsub(/\t/, "\\t")
    gsub(/\?\?/, "?\\?")
    printf "    \"%s\\n\"\n", $0
}

function table(folder,    i) {
    printf "\nconst struct sql_file sql_%s[] = {\n", folder
    for (i = 1; i <= count[folder]; i++)
        printf "    {\"%s\", text_%s_%s},\n", names[folder, i], folder, names[folder, i]
    print "    {0, 0},\n};"
}

END {
    finish()
    table("migrations")
    table("functions")
    table("views")
    table("queries")
    print ""
    for (i = 1; i <= count["queries"]; i++)
        printf "const struct statement query_%s = {\"%s\", text_queries_%s};\n", names["queries", i], names["queries", i], names["queries", i]
}
