/* program: times a program in any VM that is an EVMC module (ABI 12), evmone's among them.
 *
 *     bench_evmc MODULE CREATE CODE INPUT SECONDS
 *
 * MODULE is a shared library, CREATE its function that makes a VM (evmc_create_NAME), CODE and INPUT are files of hex
 * digits. Prints one JSON object: how often the program was executed, gas, and the least and median ns of an execution.
 *
 * The host is as cheap as can be, so that the VM is what is timed: an account that may do anything, and storage in one
 * table that is empty before each execution. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <evmc/evmc.h>

#include "base/base.h"

enum { EXIT_BAD_USAGE = 2, RUNS_MAX = 1 << 20, SECONDS_MAX = 3600 };
static const int64_t GAS = 10000000000;

/* ---- the host --------------------------------------------------------------------------------------------------- */

enum { SLOTS = 1 << 14 };

struct evmc_host_context {
    struct {
        bool used;
        evmc_bytes32 key, value;
    } slots[SLOTS];
};

static evmc_bytes32 *slot_at(struct evmc_host_context *h, const evmc_bytes32 *key)
{
    uint64_t low;
    memcpy(&low, key->bytes + 24, sizeof low);
    size_t i = hash_mix(low, 0x9e3779b97f4a7c15u) % SLOTS, seen = 0;
    while (h->slots[i].used && memcmp(&h->slots[i].key, key, sizeof *key) != 0) {
        i = (i + 1) % SLOTS;
        ASSERT(++seen < SLOTS);
    }
    h->slots[i].used = true;
    h->slots[i].key = *key;
    return &h->slots[i].value;
}

static evmc_bytes32 get_storage(struct evmc_host_context *h, const evmc_address *a, const evmc_bytes32 *key)
{
    (void)a;
    return *slot_at(h, key);
}

static enum evmc_storage_status set_storage(struct evmc_host_context *h, const evmc_address *a, const evmc_bytes32 *key,
                                            const evmc_bytes32 *value)
{
    (void)a;
    *slot_at(h, key) = *value;
    return EVMC_STORAGE_ASSIGNED;
}

static bool exists(struct evmc_host_context *h, const evmc_address *a)
{
    (void)h, (void)a;
    return true;
}

static evmc_uint256be word_of_account(struct evmc_host_context *h, const evmc_address *a)
{
    (void)h, (void)a;
    return (evmc_uint256be){{0}};
}

static size_t code_size(struct evmc_host_context *h, const evmc_address *a)
{
    (void)h, (void)a;
    return 0;
}

static size_t copy_code(struct evmc_host_context *h, const evmc_address *a, size_t from, uint8_t *out, size_t size)
{
    (void)h, (void)a, (void)from, (void)out, (void)size;
    return 0;
}

static bool self_destruct(struct evmc_host_context *h, const evmc_address *a, const evmc_address *heir)
{
    (void)h, (void)a, (void)heir;
    return true;
}

static struct evmc_result call(struct evmc_host_context *h, const struct evmc_message *m)
{
    (void)h;
    return (struct evmc_result){.status_code = EVMC_SUCCESS, .gas_left = m->gas};
}

static struct evmc_tx_context transaction(struct evmc_host_context *h)
{
    (void)h;
    return (struct evmc_tx_context){.block_gas_limit = GAS};
}

static evmc_bytes32 block_hash(struct evmc_host_context *h, int64_t number)
{
    (void)h, (void)number;
    return (evmc_bytes32){{0}};
}

static void emit_log(struct evmc_host_context *h, const evmc_address *a, const uint8_t *data, size_t size,
                     const evmc_bytes32 *topics, size_t topic_count)
{
    (void)h, (void)a, (void)data, (void)size, (void)topics, (void)topic_count;
}

static enum evmc_access_status access_account(struct evmc_host_context *h, const evmc_address *a)
{
    (void)h, (void)a;
    return EVMC_ACCESS_WARM;
}

static enum evmc_access_status access_storage(struct evmc_host_context *h, const evmc_address *a,
                                              const evmc_bytes32 *key)
{
    (void)h, (void)a, (void)key;
    return EVMC_ACCESS_WARM;
}

static void set_transient(struct evmc_host_context *h, const evmc_address *a, const evmc_bytes32 *key,
                          const evmc_bytes32 *value)
{
    (void)set_storage(h, a, key, value);
}

static const struct evmc_host_interface host = {
    .account_exists = exists,
    .get_storage = get_storage,
    .set_storage = set_storage,
    .get_balance = word_of_account,
    .get_code_size = code_size,
    .get_code_hash = word_of_account,
    .copy_code = copy_code,
    .selfdestruct = self_destruct,
    .call = call,
    .get_tx_context = transaction,
    .get_block_hash = block_hash,
    .emit_log = emit_log,
    .access_account = access_account,
    .access_storage = access_storage,
    .get_transient_storage = get_storage,
    .set_transient_storage = set_transient,
};

/* ---- timing ----------------------------------------------------------------------------------------------------- */

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_evmc: %s: %s\n", what, why);
    return EXIT_BAD_USAGE;
}

static bool read_hex_file(struct buffer *out, const char *path)
{
    enum { FILE_MAX = 16 << 20 };
    struct buffer text = {0};
    struct error e;
    bool good = file_read(&text, path, FILE_MAX, &e) == STATUS_OK;
    size_t end = text.size;
    while (end > 0 && (text.data[end - 1] == '\n' || text.data[end - 1] == '\r')) end--;
    uint8_t *bytes = base_calloc(end / 2 + 1, 1);
    good = good && end % 2 == 0 && hex_decode(bytes, (const char *)text.data, end);
    if (good) buffer_append(out, bytes, end / 2);
    free(bytes);
    buffer_free(&text);
    return good;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int time_program(struct evmc_vm *vm, struct bytes code, struct bytes input, uint64_t seconds)
{
    struct evmc_host_context *h = base_calloc(1, sizeof *h);
    uint64_t *ns = base_calloc(RUNS_MAX, sizeof *ns), until = clock_wall_ns() + seconds * 1000000000;
    size_t runs = 0;
    int64_t gas = 0;
    enum evmc_status_code status = EVMC_SUCCESS;
    do {
        memset(h, 0, sizeof *h);
        struct evmc_message m = {.kind = EVMC_CALL, .gas = GAS, .input_data = input.data, .input_size = input.size};
        uint64_t start = clock_wall_ns();
        struct evmc_result r = vm->execute(vm, &host, h, EVMC_CANCUN, &m, code.data, code.size);
        ns[runs++] = clock_wall_ns() - start;
        status = r.status_code;
        gas = GAS - r.gas_left;
        if (r.release != NULL) r.release(&r);
    } while (status == EVMC_SUCCESS && runs < RUNS_MAX && clock_wall_ns() < until);
    qsort(ns, runs, sizeof *ns, by_value);
    printf("{\"vm\":\"%s\",\"version\":\"%s\",\"status\":%d,\"gas\":%lld,\"runs\":%zu,\"min_ns\":%llu,\"median_ns\":%"
           "llu}\n",
           vm->name, vm->version, (int)status, (long long)gas, runs, (unsigned long long)ns[0],
           (unsigned long long)ns[runs / 2]);
    free(ns);
    free(h);
    return status == EVMC_SUCCESS ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 6) return fail("usage", "bench_evmc MODULE CREATE CODE INPUT SECONDS");
    void *module = dlopen(argv[1], RTLD_NOW);
    if (module == NULL) return fail(argv[1], dlerror());
    struct evmc_vm *(*create)(void);
    *(void **)&create = dlsym(module, argv[2]);
    if (create == NULL) return fail(argv[2], dlerror());
    struct buffer code = {0}, input = {0};
    if (!read_hex_file(&code, argv[3])) return fail(argv[3], "expected a file of hex digits");
    if (!read_hex_file(&input, argv[4])) return fail(argv[4], "expected a file of hex digits");
    unsigned long seconds = strtoul(argv[5], NULL, 10);
    if (seconds == 0 || seconds > SECONDS_MAX) return fail(argv[5], "expected seconds");
    struct evmc_vm *vm = create();
    if (vm == NULL || vm->abi_version != EVMC_ABI_VERSION) return fail(argv[1], "not a VM of EVMC's ABI 12");
    int code_of = time_program(vm, buffer_bytes(&code), buffer_bytes(&input), seconds);
    vm->destroy(vm);
    buffer_free(&code);
    buffer_free(&input);
    return code_of;
}
