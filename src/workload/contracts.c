/* The contracts of the workloads. Comments show the stack behind a line, its top on the right. Only instructions of
 * the first fork, so that every fork can run them. */
#include "workload/private.h"

/* The word that shifts a selector down: 2^224. */
#define SHIFT "0x0100000000000000000000000000000000000000000000000000000000"

const char token_source[] = "0 CALLDATALOAD " SHIFT " SWAP1 DIV            ; selector \n"
                            "DUP1 0xa9059cbb EQ @transfer JUMPI                       \n"
                            "DUP1 0x23b872dd EQ @transferFrom JUMPI                   \n"
                            "0x70a08231 EQ @balanceOf JUMPI                           \n"
                            "fail: 0 0 0 JUMP                              ; an invalid jump: fails on every fork \n"

                            "balanceOf:                                               \n"
                            "4 CALLDATALOAD 0 MSTORE 64 0 KECCAK256 SLOAD             \n"
                            "0 MSTORE 32 0 RETURN                                     \n"

                            "transfer: POP                                            \n"
                            "4 CALLDATALOAD 36 CALLDATALOAD CALLER         ; to amount from \n"
                            "@move JUMP                                               \n"

                            "transferFrom: POP                                        \n"
                            "1 32 MSTORE 4 CALLDATALOAD 0 MSTORE           ; allowances[owner] \n"
                            "68 CALLDATALOAD 64 0 KECCAK256 SLOAD LT @fail JUMPI      \n"
                            "0 32 MSTORE                                              \n"
                            "36 CALLDATALOAD 68 CALLDATALOAD 4 CALLDATALOAD ; to amount from \n"

                            "move:                                                    \n"
                            "DUP1 0 MSTORE 64 0 KECCAK256                  ; to amount from slot \n"
                            "DUP1 SLOAD                                    ; to amount from slot balance \n"
                            "DUP4 DUP2 LT @fail JUMPI                                 \n"
                            "DUP4 SWAP1 SUB SWAP1 SSTORE                   ; to amount from \n"
                            "DUP3 0 MSTORE 64 0 KECCAK256                  ; to amount from slot \n"
                            "DUP1 SLOAD DUP4 ADD SWAP1 SSTORE              ; to amount from \n"
                            "SWAP1 0 MSTORE                                ; to from \n"
                            "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef \n"
                            "32 0 LOG3                                                \n"
                            "1 0 MSTORE 32 0 RETURN                                   \n";

/* Memory: 0 selector of the inner call and its arguments, 0x80 what it returns. */
const char pool_source[] = "4 CALLDATALOAD 36 CALLDATALOAD                ; amount direction \n"
                           "DUP1 SLOAD SWAP1                              ; amount reserveIn direction \n"
                           "DUP1 ISZERO SLOAD SWAP1                       ; amount reserveIn reserveOut direction \n"

                           /* out = amount * 997 * reserveOut / (reserveIn * 1000 + amount * 997) */
                           "DUP4 997 MUL                                  ; amount in out direction fed \n"
                           "DUP1 DUP5 1000 MUL ADD                        ; amount in out direction fed divisor \n"
                           "SWAP1 DUP4 MUL DIV                            ; amount in out direction given \n"

                           /* tokenIn.transferFrom(caller, this, amount) */
                           "0x23b872dd " SHIFT " MUL 0 MSTORE CALLER 4 MSTORE ADDRESS 36 MSTORE DUP5 68 MSTORE \n"
                           "32 128 100 0 0 DUP7 2 ADD SLOAD 2 GAS DIV CALL ISZERO @fail JUMPI \n"
                           /* tokenOut.transfer(caller, given) */
                           "0xa9059cbb " SHIFT " MUL 0 MSTORE CALLER 4 MSTORE DUP1 36 MSTORE \n"
                           "32 128 68 0 0 DUP7 ISZERO 2 ADD SLOAD 2 GAS DIV CALL ISZERO @fail JUMPI \n"

                           /* the reserves must cover what balanceOf says */
                           "0x70a08231 " SHIFT " MUL 0 MSTORE ADDRESS 4 MSTORE \n"
                           "32 128 36 0 0 DUP7 2 ADD SLOAD 2 GAS DIV CALL ISZERO @fail JUMPI \n"
                           "DUP5 DUP5 ADD 128 MLOAD LT @fail JUMPI        ; amount in out direction given \n"

                           "DUP5 DUP5 ADD DUP3 SSTORE                     ; reserve[direction] = in + amount \n"
                           "DUP1 DUP4 SUB DUP3 ISZERO SSTORE              ; reserve[1 - direction] = out - given \n"
                           "DUP5 0 MSTORE DUP1 32 MSTORE                             \n"
                           "CALLER 0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822 64 0 LOG2 \n"
                           "0 MSTORE 32 0 RETURN                                     \n"
                           "fail: 0 0 0 JUMP                                         \n";

#define COUNTER "0 SLOAD 1 ADD 0 SSTORE STOP"
const char counter_source[] = COUNTER;

const char burner_source[] = "again: 64 0 KECCAK256 0 MSTORE GAS 2000 LT @again JUMPI STOP";

const char late_counter_source[] =
    "200 again: 64 0 KECCAK256 0 MSTORE 1 SWAP1 SUB DUP1 @again JUMPI 0 SLOAD 1 ADD 0 SSTORE STOP";

const char coinbase_reader_source[] = "COINBASE BALANCE CALLER SSTORE STOP";

const char suicidal_source[] = "CALLER SELFDESTRUCT";

const char suicidal_init_source[] = "7 0 SSTORE ORIGIN SELFDESTRUCT";

/* The counter's ten bytes, which MSTORE puts at the end of a word. */
const char counter_init_source[] = "0x60005460010160005500 0 MSTORE 10 22 RETURN";

#define TRANSFER_TOPIC "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
#define APPROVAL_TOPIC "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"

/* The subroutines `move` and `allow` end with a jump to the label below their arguments. */
const char erc20_source[] = "0 CALLDATALOAD " SHIFT " SWAP1 DIV            ; selector \n"
                            "DUP1 0xa9059cbb EQ @transfer JUMPI                       \n"
                            "DUP1 0x23b872dd EQ @transferFrom JUMPI                   \n"
                            "DUP1 0x095ea7b3 EQ @approve JUMPI                        \n"
                            "0x70a08231 EQ @balanceOf JUMPI                           \n"
                            "fail: 0 0 0 JUMP                                         \n"

                            "balanceOf:                                               \n"
                            "4 CALLDATALOAD 0 MSTORE 64 0 KECCAK256 SLOAD             \n"
                            "0 MSTORE 32 0 RETURN                                     \n"

                            "transfer: POP @yes                                       \n"
                            "4 CALLDATALOAD 36 CALLDATALOAD CALLER @move JUMP         \n"

                            "approve: POP @yes                                        \n"
                            "36 CALLDATALOAD 4 CALLDATALOAD CALLER @allow JUMP        \n"

                            "transferFrom: POP @moved                                 \n"
                            "36 CALLDATALOAD 68 CALLDATALOAD 4 CALLDATALOAD @move JUMP \n"
                            "moved: @yes                                              \n"
                            "4 CALLDATALOAD 0 MSTORE 1 32 MSTORE 64 0 KECCAK256 32 MSTORE \n"
                            "CALLER 0 MSTORE 64 0 KECCAK256 SLOAD          ; yes allowed \n"
                            "68 CALLDATALOAD DUP1 DUP3 LT @fail JUMPI      ; yes allowed amount \n"
                            "SWAP1 SUB CALLER 4 CALLDATALOAD @allow JUMP   ; yes rest spender owner \n"

                            "yes: 1 0 MSTORE 32 0 RETURN                              \n"

                            "move:                                         ; back to amount from \n"
                            "0 32 MSTORE DUP1 0 MSTORE 64 0 KECCAK256      ; back to amount from slot \n"
                            "DUP1 SLOAD                                    ; back to amount from slot balance \n"
                            "DUP4 DUP2 LT @fail JUMPI                                 \n"
                            "DUP4 SWAP1 SUB SWAP1 SSTORE                   ; back to amount from \n"
                            "DUP3 0 MSTORE 64 0 KECCAK256                             \n"
                            "DUP1 SLOAD DUP4 ADD SWAP1 SSTORE              ; back to amount from \n"
                            "SWAP1 0 MSTORE                                ; back to from \n" TRANSFER_TOPIC
                            " 32 0 LOG3 JUMP                           \n"

                            "allow:                                        ; back amount spender owner \n"
                            "1 32 MSTORE DUP1 0 MSTORE 64 0 KECCAK256 32 MSTORE       \n"
                            "DUP2 0 MSTORE 64 0 KECCAK256                  ; back amount spender owner slot \n"
                            "DUP4 SWAP1 SSTORE                             ; back amount spender owner \n"
                            "DUP3 0 MSTORE " APPROVAL_TOPIC " 32 0 LOG3    ; back amount \n"
                            "POP JUMP                                                 \n";

/* Memory: selector and arguments of the inner call. */
const char single_swap_source[] =
    "0 CALLDATALOAD " SHIFT " SWAP1 DIV 0xc92b0891 EQ ISZERO @fail JUMPI \n"
    /* token0.transferFrom(caller, this, amount) */
    "0x23b872dd " SHIFT " MUL 0 MSTORE CALLER 4 MSTORE ADDRESS 36 MSTORE 4 CALLDATALOAD 68 MSTORE \n"
    "32 0 100 0 0 0 SLOAD GAS CALL ISZERO @fail JUMPI \n"
    /* token0.approve(router, amount) */
    "0x095ea7b3 " SHIFT " MUL 0 MSTORE " SINGLE_SWAP_ROUTER " 4 MSTORE 4 CALLDATALOAD 36 MSTORE \n"
    "32 0 68 0 0 0 SLOAD GAS CALL ISZERO @fail JUMPI \n"
    /* router.exactInputSingle((token0, token1, fee, caller, now, amount, 0, 0)) */
    "0x414bf389 " SHIFT " MUL 0 MSTORE 0 SLOAD 4 MSTORE 1 SLOAD \n"
    "DUP1 0xffffffffffffffffffffffffffffffffffffffff AND 36 MSTORE \n"
    "0x010000000000000000000000000000000000000000 SWAP1 DIV 68 MSTORE \n"
    "CALLER 100 MSTORE TIMESTAMP 132 MSTORE 4 CALLDATALOAD 164 MSTORE 0 196 MSTORE 0 228 MSTORE \n"
    "32 0 260 0 0 " SINGLE_SWAP_ROUTER " GAS CALL ISZERO @fail JUMPI \n"
    "32 0 RETURN \n"
    "fail: 0 0 0 JUMP \n";
