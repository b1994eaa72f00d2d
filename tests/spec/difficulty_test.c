/* The difficulty formula of every fork against ethereum/tests, DifficultyTests: { name: { _info, fork: { case: { ... }
 * } } }. */
#include "block/block.h"
#include "vectors.h"

static size_t checked;

static void check_case(struct json_reader *f, const struct fork *fork, const char *name, yyjson_val *v)
{
    struct u256 found = block_difficulty(fork, json_u64(f, v, "currentBlockNumber"), json_u64(f, v, "currentTimestamp"),
                                         json_u64(f, v, "parentTimestamp"), json_u256(f, v, "parentDifficulty"),
                                         json_u64(f, v, "parentUncles") != 0);
    if (!u256_equal(found, json_u256(f, v, "currentDifficulty")))
        FAIL("%s: %s differs by the rules of %s", f->file, name, fork->name);
    checked++;
}

static void check_group(struct json_reader *f, const char *name, yyjson_val *v)
{
    (void)name;
    yyjson_obj_iter groups = yyjson_obj_iter_with(v);
    for (yyjson_val *group; (group = yyjson_obj_iter_next(&groups)) != NULL;) {
        const struct fork *fork = fork_find(yyjson_get_str(group));
        if (fork == NULL) continue; /* _info */
        yyjson_obj_iter cases = yyjson_obj_iter_with(yyjson_obj_iter_get_val(group));
        for (yyjson_val *one; (one = yyjson_obj_iter_next(&cases)) != NULL;)
            check_case(f, fork, yyjson_get_str(one), yyjson_obj_iter_get_val(one));
    }
}

TEST(difficulty_is_what_ethereum_tests_say)
{
    vectors_each("ethereum_tests/DifficultyTests", check_group);
    CHECK(checked > 10000);
}
