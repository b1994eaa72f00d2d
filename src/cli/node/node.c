/* node: a chain that tools talk to. For now the development chain alone. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli/cli.h"
#include "rpc_server/rpc_server.h"

enum { PORT = 8545, CHAIN_ID = 31337, ETHER = 10000, PAUSE_NS = 50000000 };

static void print_accounts(const struct node *n)
{
    char hex[65];
    printf("Accounts, with %" PRIu64 " ether each:\n", n->options.ether);
    for (unsigned i = 0; i < n->options.accounts; i++) {
        hex_encode(hex, n->accounts[i].address.b, sizeof n->accounts[i].address.b);
        printf("(%u) 0x%s\n", i, hex);
    }
    printf("\nPrivate keys (anyone knows them: never send real ether to these accounts):\n");
    for (unsigned i = 0; i < n->options.accounts; i++) {
        hex_encode(hex, n->accounts[i].secret, sizeof n->accounts[i].secret);
        printf("(%u) 0x%s\n", i, hex);
    }
    printf("\nMnemonic: test test test test test test test test test test test junk\n\n");
}

static void print_chain(const struct node *n, const struct options *o)
{
    const struct header *h = &node_head(n)->block.header;
    char hash[65];
    hex_encode(hash, node_head(n)->block.hash.b, sizeof node_head(n)->block.hash.b);
    printf("Chain id %" PRIu64 ", fork %s, gas limit %" PRIu64 ", genesis 0x%s\n", n->genesis.spec.id,
           node_fork_of(n, h)->name, h->gas_limit, hash);
    if (o->node.period != 0)
        printf("A block every %" PRIu64 " seconds\n", o->node.period);
    else
        printf("A block for each transaction%s\n", o->node.no_mining ? ": no, on demand only (evm_mine)" : "");
}

/* Serves until a signal comes. */
static enum exit_code serve(struct node *n, const struct options *o)
{
    const struct node_flags *f = &o->node;
    struct rpc_server_options options = {.address = f->address == NULL ? "127.0.0.1" : f->address,
                                         .port = (uint16_t)(f->port == PORT_NOT_GIVEN ? PORT : f->port),
                                         .cors_domain = f->cors_domain,
                                         .hosts = f->hosts,
                                         .block_seconds = f->period};
    struct rpc_server *server;
    struct error e;
    if (!f->quiet) {
        print_accounts(n);
        print_chain(n, o);
    }
    if (rpc_server_start(&server, n, &options, &e) != STATUS_OK) {
        log_line("node: %s", e.text);
        return EXIT_BAD_INPUT;
    }
    bool is_v6 = strchr(options.address, ':') != NULL;
    printf("Listening on http://%s%s%s:%u\n", is_v6 ? "[" : "", options.address, is_v6 ? "]" : "",
           rpc_server_port(server));
    (void)fflush(stdout);
    while (!interrupted()) (void)nanosleep(&(struct timespec){0, PAUSE_NS}, NULL);
    rpc_server_stop(server);
    return EXIT_GOOD;
}

enum exit_code node_command(const struct options *o)
{
    const struct node_flags *f = &o->node;
    if (!f->dev) {
        log_line("node: expected --dev: weft serves development chains only, so far");
        return EXIT_BAD_INPUT;
    }
    if (o->genesis != NULL && o->fork != NULL) {
        log_line("node: --fork: expected without --genesis, which says the fork itself");
        return EXIT_BAD_INPUT;
    }
    char genesis[80] = "dev";
    if (o->fork != NULL) (void)snprintf(genesis, sizeof genesis, "dev-%s", o->fork->name);
    struct node_options options = {.genesis = o->genesis != NULL ? o->genesis : genesis,
                                   .chain_id = f->chain_id != 0 || o->genesis != NULL ? f->chain_id : CHAIN_ID,
                                   .gas_limit = f->gas_limit,
                                   .accounts = f->accounts == ACCOUNTS_NOT_GIVEN ? NODE_DEV_ACCOUNTS
                                                                                 : (unsigned)f->accounts,
                                   .ether = f->ether == 0 ? ETHER : f->ether,
                                   .threads = o->threads[0],
                                   .no_automine = f->no_mining || f->period != 0};
    struct node *n;
    struct error e;
    if (node_new(&n, &options, &e) != STATUS_OK) {
        log_line("node: %s", e.text);
        return EXIT_BAD_INPUT;
    }
    enum exit_code code = serve(n, o);
    node_free(n);
    return code;
}
