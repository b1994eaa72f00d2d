/* Engines: the executing one of block/, the thread on which it is used, and the single-message machine. */
#include <stdlib.h>

#include "api/api.h"

enum { THREADS_MAX = 1024 };

weft_status weft_engine_new(const weft_options *options, weft_engine **engine, weft_error *error)
{
    if (engine == NULL) return API_MISTAKE(error, "engine is NULL");
    *engine = NULL;
    weft_options o = {0};
    if (options != NULL) {
        weft_status status = api_read_struct(&o, sizeof o, options, "weft_options", error);
        if (status != WEFT_OK) return status;
    }
    if (o.threads > THREADS_MAX || o.executor > WEFT_EXECUTOR_PARALLEL)
        return API_MISTAKE(error, "weft_options: %u threads, executor %u: expected at most %d, and 0 to 2", o.threads,
                           o.executor, THREADS_MAX);
    struct api_driver *driver = api_driver_new();
    if (driver == NULL) return api_fail(error, API_NO_THREAD, WEFT_NO_TRANSACTION, "%s", status_text(API_NO_THREAD));
    weft_engine *e = base_calloc(1, sizeof *e);
    e->driver = driver;
    e->engine = engine_new(o.threads);
    e->executor = o.executor;
    if (o.code_bytes != 0) engine_bound_codes(e->engine, o.code_bytes);
    engine_share_always(e->engine, o.executor == WEFT_EXECUTOR_PARALLEL);
    *engine = e;
    return WEFT_OK;
}

void weft_engine_free(weft_engine *engine)
{
    if (engine == NULL) return;
    api_driver_free(engine->driver);
    api_caller_free(engine->caller); /* before the codes that it refers to */
    engine_free(engine->engine);
    arena_free(&engine->work);
    free(engine);
}

uint32_t weft_engine_threads(const weft_engine *engine)
{
    return engine_threads(engine->engine);
}
