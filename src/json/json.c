/* form: members and values. */
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- documents ------------------------------------------------------------------------------------------------- */

/* Line and column of a byte, for complaints. */
static void find_line(const struct buffer *text, size_t at, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < at && i < text->size; i++) {
        *column += 1;
        if (text->data[i] == '\n') {
            *line += 1;
            *column = 1;
        }
    }
}

enum status json_parse(struct json_reader *f)
{
    /* yyjson parses in place when four bytes of zero stand behind the text. */
    memset(buffer_reserve(&f->text, YYJSON_PADDING_SIZE), 0, YYJSON_PADDING_SIZE);
    yyjson_read_err why;
    f->document = yyjson_read_opts((char *)f->text.data, f->text.size, YYJSON_READ_INSITU | YYJSON_READ_BIGNUM_AS_RAW,
                                   NULL, &why);
    if (f->document == NULL) {
        size_t line, column;
        find_line(&f->text, why.pos, &line, &column);
        return error_set(f->error, BAD_JSON, "%s: line %zu, column %zu: expected JSON: %s", f->file, line, column,
                         why.msg);
    }
    f->root = yyjson_doc_get_root(f->document);
    return STATUS_OK;
}

enum status json_open(struct json_reader *f, const char *path, struct error *e)
{
    *f = (struct json_reader){.file = path, .error = e};
    enum status s = file_read(&f->text, path, JSON_SIZE_MAX, e);
    if (s == STATUS_OK) s = json_parse(f);
    if (s != STATUS_OK) buffer_free(&f->text);
    return s;
}

void json_close(struct json_reader *f)
{
    yyjson_doc_free(f->document);
    buffer_free(&f->text);
    f->document = NULL;
}

void json_expect(struct json_reader *f, const char *key, const char *expected)
{
    if (f->status != STATUS_OK) return;
    const char *account = yyjson_get_str(f->account), *slot = yyjson_get_str(f->slot);
    struct buffer where = {0};
    if (f->file != NULL) buffer_printf(&where, "%s: ", f->file);
    if (f->place != NULL) buffer_printf(&where, "%s: ", f->place);
    if (account != NULL) buffer_printf(&where, "account %.80s: ", account);
    if (slot != NULL) buffer_printf(&where, "slot %.80s: ", slot);
    f->status = error_set(f->error, BAD_FIELD, "%.*s%s: expected %s", (int)where.size, (const char *)where.data, key,
                          expected);
    buffer_free(&where);
}

/* ---- members --------------------------------------------------------------------------------------------------- */

yyjson_val *json_optional(yyjson_val *object, const char *key)
{
    yyjson_val *v = yyjson_obj_get(object, key);
    return yyjson_is_null(v) ? NULL : v;
}

yyjson_val *json_member(struct json_reader *f, yyjson_val *object, const char *key)
{
    yyjson_val *v = json_optional(object, key);
    if (v == NULL) json_expect(f, key, "a value");
    return v;
}

yyjson_val *json_object(struct json_reader *f, yyjson_val *object, const char *key)
{
    yyjson_val *v = json_optional(object, key);
    if (!yyjson_is_obj(v)) json_expect(f, key, "an object");
    return v;
}

yyjson_val *json_array(struct json_reader *f, yyjson_val *object, const char *key)
{
    yyjson_val *v = json_optional(object, key);
    if (!yyjson_is_arr(v)) json_expect(f, key, "an array");
    return v;
}

const char *json_text(struct json_reader *f, yyjson_val *object, const char *key)
{
    yyjson_val *v = json_optional(object, key);
    if (!yyjson_is_str(v)) json_expect(f, key, "a text");
    return yyjson_is_str(v) ? yyjson_get_str(v) : "";
}

uint64_t json_u64(struct json_reader *f, yyjson_val *object, const char *key)
{
    return json_value_u64(f, yyjson_obj_get(object, key), key);
}

struct u256 json_u256(struct json_reader *f, yyjson_val *object, const char *key)
{
    return json_value_u256(f, yyjson_obj_get(object, key), key);
}

struct hash json_hash(struct json_reader *f, yyjson_val *object, const char *key)
{
    return json_value_hash(f, yyjson_obj_get(object, key), key);
}

struct address json_address(struct json_reader *f, yyjson_val *object, const char *key)
{
    return json_value_address(f, yyjson_obj_get(object, key), key);
}

struct bytes json_bytes(struct json_reader *f, yyjson_val *object, const char *key)
{
    return json_value_bytes(f, yyjson_obj_get(object, key), key);
}

uint64_t json_optional_u64(struct json_reader *f, yyjson_val *object, const char *key)
{
    yyjson_val *v = json_optional(object, key);
    return v == NULL ? 0 : json_value_u64(f, v, key);
}

struct u256 json_optional_u256(struct json_reader *f, yyjson_val *object, const char *key)
{
    yyjson_val *v = json_optional(object, key);
    return v == NULL ? U256_ZERO : json_value_u256(f, v, key);
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

/* The digits behind 0x; NULL when the value is no such text. */
static const char *digits_of(yyjson_val *v, size_t *count)
{
    const char *text = yyjson_get_str(v);
    size_t size = yyjson_get_len(v);
    if (text == NULL || size < 2 || text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) return NULL;
    *count = size - 2;
    return text + 2;
}

/* A JSON number that is no plain integer of 64 bits. */
static bool raw_number(const char *text, size_t size, struct u256 *out)
{
    enum { DIGITS_MAX = 100 }; /* more than 2^256 has, with room for zeros that an exponent takes away again */
    char digits[2 * DIGITS_MAX];
    size_t count = 0, at = 0;
    long exponent = 0;
    for (bool fraction = false; at < size && count < DIGITS_MAX && text[at] != 'e' && text[at] != 'E'; at++) {
        if (text[at] == '.')
            fraction = true;
        else
            digits[count++] = text[at];
        exponent -= fraction && text[at] != '.';
    }
    if (at < size && text[at] != 'e' && text[at] != 'E') return false;
    if (at < size) exponent += strtol(text + at + 1, NULL, 10); /* the parser saw that it is one, and ends it */
    while (exponent < 0 && count > 1 && digits[count - 1] == '0') count--, exponent++;
    if (exponent < 0 || exponent > DIGITS_MAX) return false;
    while (exponent-- > 0) digits[count++] = '0';
    return u256_from_decimal(out, digits, count);
}

/* A number with a fraction or an exponent was read as the nearest that a machine has; its shortest text is what stood
 * there, up to 17 digits. */
static bool real_number(yyjson_val *v, struct u256 *out)
{
    size_t size;
    char *text = yyjson_val_write(v, YYJSON_WRITE_NOFLAG, &size);
    bool good = text != NULL && raw_number(text, size, out);
    free(text);
    return good;
}

/* "" and "0x" are zero. */
static bool number_of(yyjson_val *v, struct u256 *out)
{
    *out = U256_ZERO;
    if (yyjson_is_uint(v)) { /* as the prestateTracer writes nonces */
        *out = U256(yyjson_get_uint(v));
        return true;
    }
    if (yyjson_is_raw(v)) return raw_number(yyjson_get_raw(v), yyjson_get_len(v), out);
    if (yyjson_is_real(v)) return real_number(v, out);
    size_t count;
    const char *digits = digits_of(v, &count);
    if (digits != NULL) return count == 0 || u256_from_hex(out, digits, count);
    size_t size = yyjson_get_len(v);
    return yyjson_is_str(v) && (size == 0 || u256_from_decimal(out, yyjson_get_str(v), size));
}

struct u256 json_value_u256(struct json_reader *f, yyjson_val *v, const char *key)
{
    struct u256 out;
    if (!number_of(v, &out)) {
        out = U256_ZERO;
        json_expect(f, key, "a number of at most 32 bytes, as hex digits after 0x");
    }
    return out;
}

uint64_t json_value_u64(struct json_reader *f, yyjson_val *v, const char *key)
{
    struct u256 out;
    if (!number_of(v, &out) || !u256_fits_u64(out)) {
        out = U256_ZERO;
        json_expect(f, key, "a number of at most 8 bytes, as hex digits after 0x");
    }
    return out.w[0];
}

/* The hex digits of a text, behind 0x or, as older files have them, without; NULL when the value is no text. */
static const char *bare_digits_of(yyjson_val *v, size_t *count)
{
    const char *digits = digits_of(v, count);
    if (digits != NULL) return digits;
    *count = yyjson_get_len(v);
    return yyjson_get_str(v);
}

struct u256 json_value_word(struct json_reader *f, yyjson_val *v, const char *key)
{
    struct u256 out = U256_ZERO;
    size_t count;
    const char *digits = bare_digits_of(v, &count);
    if (digits == NULL || (count != 0 && !u256_from_hex(&out, digits, count))) {
        out = U256_ZERO;
        json_expect(f, key, "a word of at most 32 bytes, as hex digits");
    }
    return out;
}

static void read_fixed(struct json_reader *f, yyjson_val *v, const char *key, uint8_t *out, size_t size,
                       const char *expected)
{
    size_t count;
    const char *digits = bare_digits_of(v, &count);
    if (digits == NULL || count != 2 * size || !hex_decode(out, digits, count)) {
        memset(out, 0, size);
        json_expect(f, key, expected);
    }
}

struct hash json_value_hash(struct json_reader *f, yyjson_val *v, const char *key)
{
    struct hash out;
    read_fixed(f, v, key, out.b, sizeof out.b, "32 bytes, as 64 hex digits after 0x");
    return out;
}

struct address json_value_address(struct json_reader *f, yyjson_val *v, const char *key)
{
    struct address out;
    read_fixed(f, v, key, out.b, sizeof out.b, "an address, as 40 hex digits after 0x");
    return out;
}

struct bytes json_value_bytes(struct json_reader *f, yyjson_val *v, const char *key)
{
    size_t count;
    const char *digits = bare_digits_of(v, &count);
    if (digits == NULL || count % 2 != 0) {
        json_expect(f, key, "bytes, as an even number of hex digits after 0x");
        return (struct bytes){0};
    }
    /* The text is our own memory, and byte i is written after digits 2i and 2i + 1 are read. */
    uint8_t *out = f->text.data + (digits - (const char *)f->text.data);
    if (!hex_decode(out, digits, count)) {
        json_expect(f, key, "bytes, as an even number of hex digits after 0x");
        return (struct bytes){0};
    }
    return (struct bytes){out, count / 2};
}
