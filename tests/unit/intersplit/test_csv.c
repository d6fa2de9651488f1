/* docs/spec/16-ledger.md, section 1.2: RFC 4180, LF, UTF-8, no formulas in text. */
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "text/csv.h"
#include "unit.h"

/* The rows with '|' between cells and ';' behind each; "!" and why at a mistake. */
static void check_rows(const char *text, const char *expected)
{
    isplit__csv csv;
    isplit__csv_row row;
    isplit__buf all = {0};

    assert_int_equal(isplit__csv_open(&csv, text, strlen(text)), 0);
    while (isplit__csv_next(&csv, &row)) {
        isplit__buf_printf(&all, "%zu:", row.line);
        for (size_t i = 0; i < row.count; i++)
            isplit__buf_printf(&all, "%s%s", i ? "|" : "", row.cells[i]);
        isplit__buf_text(&all, ";");
    }
    if (csv.wrong)
        isplit__buf_printf(&all, "!%zu %s", csv.line, csv.wrong);
    assert_string_equal(all.data ? all.data : "", expected);
    isplit__csv_close(&csv);
    isplit__buf_free(&all);
}

static void rows_have_cells_and_their_line(void **state)
{
    check_rows("", "");
    check_rows("a,b\nc\n", "1:a|b;2:c;");
    check_rows("a,b\r\nc,\r\n", "1:a|b;2:c|;");
    check_rows("\xef\xbb\xbf"
               "a",
               "1:a;");
    check_rows("a\n\n,\n", "1:a;2:;3:|;");
    check_rows("a\rb", "1:a\rb;");
}

static void quotes_hold_commas_line_feeds_and_quotes(void **state)
{
    check_rows("\"a,b\",\"c\nd\"\ne", "1:a,b|c\nd;3:e;");
    check_rows("\"say \"\"hi\"\"\"", "1:say \"hi\";");
    check_rows("\"\",\"\"", "1:|;");
    check_rows("a\"b", "1:a\"b;");
    check_rows("\"a\"b,c", "1:ab|c;");
}

static void a_guard_against_formulas_is_taken_away(void **state)
{
    check_rows("'=1,'-x,'@a,'plain,'", "1:=1|-x|@a|'plain|';");
}

static void mistakes_stop_with_their_line(void **state)
{
    check_rows("a\n\"b", "1:a;!2 a quote is not closed");
    check_rows("a\nb\xff", "1:a;!2 it is not UTF-8");
}

static void a_row_has_limits(void **state)
{
    isplit__csv csv;
    isplit__csv_row row;
    char *text = malloc(ISPLIT__CSV_MAX_ROW + 1);

    memset(text, 'x', ISPLIT__CSV_MAX_ROW + 1);
    assert_int_equal(isplit__csv_open(&csv, text, ISPLIT__CSV_MAX_ROW - 1), 0);
    assert_true(isplit__csv_next(&csv, &row));
    isplit__csv_close(&csv);
    assert_int_equal(isplit__csv_open(&csv, text, ISPLIT__CSV_MAX_ROW), 0);
    assert_false(isplit__csv_next(&csv, &row));
    assert_string_equal(csv.wrong, "the row is too long");
    isplit__csv_close(&csv);
    memset(text, ',', ISPLIT__CSV_MAX_CELLS);
    assert_int_equal(isplit__csv_open(&csv, text, ISPLIT__CSV_MAX_CELLS - 1), 0);
    assert_true(isplit__csv_next(&csv, &row));
    assert_int_equal(row.count, ISPLIT__CSV_MAX_CELLS);
    isplit__csv_close(&csv);
    assert_int_equal(isplit__csv_open(&csv, text, ISPLIT__CSV_MAX_CELLS), 0);
    assert_false(isplit__csv_next(&csv, &row));
    assert_string_equal(csv.wrong, "the row has too many cells");
    isplit__csv_close(&csv);
    free(text);
}

static void each_prefix_of_a_table_is_read_or_refused(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "a,\"b\"\"\n\",'=c\r\n\"d\xc3\xa9\",\n\n";

    for (size_t len = 0; len < sizeof text; len++) {
        isplit__csv csv;
        isplit__csv_row row;
        char *copy = malloc(len ? len : 1);
        memcpy(copy, text, len);
        assert_int_equal(isplit__csv_open(&csv, copy, len), 0);
        while (isplit__csv_next(&csv, &row))
            assert_true(row.count <= 3);
        isplit__csv_close(&csv);
        free(copy);
    }
}

static void what_was_put_is_read_back(void **state)
{
    static const char *const cells[] = {"plain", "", "a,b", "\"", "\n", "=1", "-1", "\r"};
    isplit__csv csv;
    isplit__csv_row row;
    isplit__buf b = {0};

    for (size_t i = 0; i < 8; i++) {
        isplit__buf_text(&b, i ? "," : "");
        isplit__csv_put(&b, cells[i]);
    }
    assert_int_equal(isplit__csv_open(&csv, b.data, b.len), 0);
    assert_true(isplit__csv_next(&csv, &row));
    assert_int_equal(row.count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(row.cells[i], cells[i]);
    isplit__csv_close(&csv);
    isplit__buf_free(&b);
}

static void open_and_close(void *arg)
{
    isplit__csv csv;

    if (isplit__csv_open(&csv, "a", 1) == 0)
        isplit__csv_close(&csv);
}

static void without_memory_nothing_is_lost(void **state)
{
    fail_alloc_each(open_and_close, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_cells_and_their_line),
        cmocka_unit_test(quotes_hold_commas_line_feeds_and_quotes),
        cmocka_unit_test(a_guard_against_formulas_is_taken_away),
        cmocka_unit_test(mistakes_stop_with_their_line),
        cmocka_unit_test(a_row_has_limits),
        cmocka_unit_test(each_prefix_of_a_table_is_read_or_refused),
        cmocka_unit_test(what_was_put_is_read_back),
        cmocka_unit_test(without_memory_nothing_is_lost),
    };
    return cmocka_run_group_tests_name("intersplit/csv", tests, NULL, NULL);
}
