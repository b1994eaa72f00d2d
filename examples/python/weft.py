"""weft: libweft from Python, through ctypes. No compiler, no dependencies; copy this file next to yours.

    import weft

    chain = weft.Chain("Osaka")
    state = weft.MemoryState()
    state.set_account("0xaa...", balance=10**18)
    block = weft.Block(number=1, gas_limit=30_000_000)
    block.add(sender="0xaa...", to="0xbb...", value=1, gas=21_000)
    with weft.Engine(threads=2) as engine:
        result = engine.execute(chain, state, block, transactions_only=True)
    print(result.receipts[0].outcome, result.changes)

Addresses, hashes and data are bytes or hex text ("0x..."); numbers are int; lists are lists: see `Access`,
`Authorization`. The library is found as libweft.so.0, or at the path in WEFT_LIBRARY. What is documented in weft/weft.h
holds here; fields have the same names. Failures raise weft.Error, values that do not fit TypeError or ValueError."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, Structure, byref, c_char, c_char_p, c_int32, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p

CHECK_HEADER, SKIP_INVALID, TRANSACTIONS_ONLY, LIST_ACCESSES = 1, 2, 4, 8
EXECUTORS = {"auto": 0, "serial": 1, "parallel": 2}
NO_TRANSACTION = 0xFFFFFFFF


# ---- structures of weft.h, field by field --------------------------------------------------------


class Word(Structure):
    _fields_ = [("b", c_uint8 * 32)]

    def __int__(self):
        return int.from_bytes(bytes(self.b), "big")

    def __bytes__(self):
        return bytes(self.b)


class Address(Structure):
    _fields_ = [("b", c_uint8 * 20)]

    def __bytes__(self):
        return bytes(self.b)

    def __str__(self):
        return "0x" + bytes(self.b).hex()


class Bloom(Structure):
    _fields_ = [("b", c_uint8 * 256)]


class Bytes(Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def __bytes__(self):
        return ctypes.string_at(self.data, self.size) if self.size else b""


class ErrorInfo(Structure):
    _fields_ = [("status", c_int32), ("transaction", c_uint32), ("cause", c_char * 56), ("text", c_char * 512)]


class Growing(Structure):
    """A structure that begins with its own size."""

    def __init__(self, **fields):
        super().__init__(ctypes.sizeof(self), **fields)


class Activation(Structure):
    _fields_ = [("fork", c_char_p), ("at", c_uint64), ("by", c_uint32), ("reserved", c_uint32)]


class ChainOptions(Growing):
    _fields_ = [("struct_size", c_size_t), ("id", c_uint64), ("deposit_contract", Address), ("reserved", c_uint8 * 4),
                ("activations", POINTER(Activation)), ("activation_count", c_size_t)]


class Account(Structure):
    _fields_ = [("nonce", c_uint64), ("balance", Word), ("code_hash", Word), ("exists", c_uint8),
                ("has_storage", c_uint8), ("reserved", c_uint8 * 6)]


class Slot(Structure):
    _fields_ = [("key", Word), ("value", Word)]


ReadAccount = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Address), POINTER(Account))
ReadStorage = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Address), POINTER(Word), POINTER(Word))
ReadCode = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Address), POINTER(Word), POINTER(Bytes))
ReadBlockHash = ctypes.CFUNCTYPE(c_int32, c_void_p, c_uint64, POINTER(Word))


class StateCallbacks(Growing):
    _fields_ = [("struct_size", c_size_t), ("context", c_void_p), ("account", ReadAccount), ("storage", ReadStorage),
                ("code", ReadCode), ("block_hash", ReadBlockHash)]


class Header(Growing):
    _fields_ = [("struct_size", c_size_t), ("number", c_uint64), ("timestamp", c_uint64), ("gas_limit", c_uint64),
                ("excess_blob_gas", c_uint64), ("slot_number", c_uint64), ("beneficiary", Address),
                ("reserved", c_uint8 * 4), ("prev_randao", Word), ("difficulty", Word), ("base_fee", Word),
                ("parent_hash", Word), ("parent_beacon_root", Word), ("gas_used", c_uint64),
                ("blob_gas_used", c_uint64), ("field_count", c_uint32), ("nonce", c_uint8 * 8),
                ("reserved2", c_uint8 * 4), ("extra_data", Bytes), ("uncles_hash", Word), ("state_root", Word),
                ("transactions_root", Word), ("receipts_root", Word), ("withdrawals_root", Word),
                ("requests_hash", Word), ("access_list_hash", Word), ("bloom", Bloom)]


class Access(Structure):
    """In Python: (address, [key, ...])."""

    _fields_ = [("address", Address), ("reserved", c_uint8 * 4), ("keys", POINTER(Word)), ("key_count", c_size_t)]


class Authorization(Structure):
    """In Python: a dict of these fields."""

    _fields_ = [("nonce", c_uint64), ("chain_id", Word), ("r", Word), ("s", Word), ("address", Address),
                ("y_parity", c_uint8), ("reserved", c_uint8 * 3)]


class Transaction(Growing):
    _fields_ = [("struct_size", c_size_t), ("type", c_uint32), ("is_create", c_uint8), ("has_chain_id", c_uint8),
                ("has_sender", c_uint8), ("y_parity", c_uint8), ("chain_id", c_uint64), ("nonce", c_uint64),
                ("gas_limit", c_uint64), ("data", Bytes), ("access_list", POINTER(Access)),
                ("access_count", c_size_t), ("blob_hashes", POINTER(Word)), ("blob_count", c_size_t),
                ("authorizations", POINTER(Authorization)), ("authorization_count", c_size_t), ("to", Address),
                ("sender", Address), ("value", Word), ("max_fee", Word), ("max_priority_fee", Word),
                ("max_blob_fee", Word), ("r", Word), ("s", Word)]


class Withdrawal(Structure):
    _fields_ = [("index", c_uint64), ("validator_index", c_uint64), ("amount", c_uint64), ("address", Address),
                ("reserved", c_uint8 * 4)]


class Options(Growing):
    _fields_ = [("struct_size", c_size_t), ("threads", c_uint32), ("executor", c_uint32),
                ("more_than_processors", c_uint8), ("reserved", c_uint8 * 7)]


class Message(Growing):
    _fields_ = [("struct_size", c_size_t), ("gas", c_uint64), ("input", Bytes), ("is_create", c_uint8),
                ("is_static", c_uint8), ("reserved", c_uint8 * 6), ("from_", Address), ("to", Address),
                ("value", Word), ("gas_price", Word), ("blob_hashes", POINTER(Word)), ("blob_hash_count", c_size_t)]


class Summary(Growing):
    _fields_ = [("struct_size", c_size_t), ("gas_used", c_uint64), ("blob_gas_used", c_uint64),
                ("receipt_count", c_size_t), ("account_count", c_size_t), ("request_count", c_size_t),
                ("conflict_count", c_size_t), ("receipts_root", Word), ("requests_hash", Word), ("bloom", Bloom)]


class RawReceipt(Growing):
    _fields_ = [("struct_size", c_size_t), ("gas_used", c_uint64), ("gas_refunded", c_uint64), ("gas_left", c_uint64),
                ("cumulative_gas", c_uint64), ("type", c_uint32), ("succeeded", c_uint8), ("reverted", c_uint8),
                ("has_created", c_uint8), ("skipped", c_uint8), ("outcome", c_char_p), ("cause", c_char_p),
                ("output", Bytes), ("log_count", c_size_t), ("bloom", POINTER(Bloom)), ("sender", Address),
                ("created", Address)]


class RawLog(Growing):
    _fields_ = [("struct_size", c_size_t), ("topics", POINTER(Word)), ("topic_count", c_size_t), ("data", Bytes),
                ("address", Address), ("reserved", c_uint8 * 4)]


class RawChange(Growing):
    _fields_ = [("struct_size", c_size_t), ("address", Address), ("exists", c_uint8), ("storage_wiped", c_uint8),
                ("code_changed", c_uint8), ("reserved", c_uint8), ("nonce", c_uint64), ("balance", Word),
                ("code_hash", Word), ("code", Bytes), ("slots", POINTER(Slot)), ("slot_count", c_size_t)]


class RawStats(Growing):
    _fields_ = [("struct_size", c_size_t), ("executor", c_char_p), ("fallback", c_char_p), ("wall_ns", c_uint64),
                ("cpu_ns", c_uint64), ("recover_wall_ns", c_uint64), ("recover_cpu_ns", c_uint64),
                ("seal_wall_ns", c_uint64), ("seal_cpu_ns", c_uint64), ("threads", c_uint32),
                ("transactions", c_uint32), ("speculated", c_uint32), ("reruns", c_uint32), ("conflicts", c_uint32),
                ("reserved", c_uint32)]


class RawConflict(Growing):
    _fields_ = [("struct_size", c_size_t), ("transaction", c_uint32), ("field", c_uint32), ("address", Address),
                ("reserved", c_uint8 * 4), ("slot", Word), ("seen", c_uint32), ("found", c_uint32)]


# ---- the library ---------------------------------------------------------------------------------


def _load():
    library = ctypes.CDLL(os.environ.get("WEFT_LIBRARY", "libweft.so.0"))
    handle, error = c_void_p, POINTER(ErrorInfo)
    functions = {  # name: (result, arguments)
        "weft_abi_version": (c_uint32, []),
        "weft_version": (c_char_p, []),
        "weft_keccak256": (None, [c_char_p, c_size_t, POINTER(Word)]),
        "weft_status_name": (c_char_p, [c_int32]),
        "weft_chain_by_name": (c_int32, [c_char_p, POINTER(handle), error]),
        "weft_chain_by_id": (c_int32, [c_uint64, POINTER(handle), error]),
        "weft_chain_new": (c_int32, [POINTER(ChainOptions), POINTER(handle), error]),
        "weft_chain_free": (None, [handle]),
        "weft_chain_id": (c_uint64, [handle]),
        "weft_chain_fork": (c_char_p, [handle, c_uint64, c_uint64]),
        "weft_fork_name": (c_char_p, [c_size_t]),
        "weft_state_new": (handle, []),
        "weft_state_from_callbacks": (c_int32, [POINTER(StateCallbacks), POINTER(handle), error]),
        "weft_state_copy": (handle, [handle]),
        "weft_state_free": (None, [handle]),
        "weft_state_set_account": (c_int32, [handle, POINTER(Address), c_uint64, POINTER(Word), error]),
        "weft_state_set_code": (c_int32, [handle, POINTER(Address), c_char_p, c_size_t, error]),
        "weft_state_set_storage": (c_int32, [handle, POINTER(Address), POINTER(Word), POINTER(Word), error]),
        "weft_state_set_block_hash": (c_int32, [handle, c_uint64, POINTER(Word), error]),
        "weft_state_apply": (c_int32, [handle, handle, error]),
        "weft_state_account": (c_int32, [handle, POINTER(Address), POINTER(Account), error]),
        "weft_state_storage": (c_int32, [handle, POINTER(Address), POINTER(Word), POINTER(Word), error]),
        "weft_state_code": (c_int32, [handle, POINTER(Address), POINTER(Bytes), error]),
        "weft_state_root": (c_int32, [handle, handle, POINTER(Word), error]),
        "weft_block_decode": (c_int32, [c_char_p, c_size_t, POINTER(handle), error]),
        "weft_block_new": (c_int32, [POINTER(Header), POINTER(handle), error]),
        "weft_block_free": (None, [handle]),
        "weft_block_add_transaction": (c_int32, [handle, POINTER(Transaction), error]),
        "weft_block_add_encoded": (c_int32, [handle, c_char_p, c_size_t, error]),
        "weft_block_add_withdrawal": (c_int32, [handle, POINTER(Withdrawal), error]),
        "weft_block_add_uncle": (c_int32, [handle, POINTER(Header), error]),
        "weft_block_set_access_list": (c_int32, [handle, c_char_p, c_size_t, error]),
        "weft_block_header": (c_int32, [handle, POINTER(Header)]),
        "weft_block_check_parent": (c_int32, [handle, handle, POINTER(Header), error]),
        "weft_block_hash": (None, [handle, POINTER(Word)]),
        "weft_block_transaction_count": (c_size_t, [handle]),
        "weft_block_transaction_hash": (c_int32, [handle, c_size_t, POINTER(Word)]),
        "weft_engine_new": (c_int32, [POINTER(Options), POINTER(handle), error]),
        "weft_engine_free": (None, [handle]),
        "weft_engine_threads": (c_uint32, [handle]),
        "weft_execute_block": (c_int32, [handle, handle, handle, handle, c_uint32, POINTER(handle), error]),
        "weft_call": (c_int32, [handle, handle, handle, POINTER(Header), POINTER(Message), c_uint32, POINTER(handle),
                                error]),
        "weft_result_free": (None, [handle]),
        "weft_result_summary": (c_int32, [handle, POINTER(Summary)]),
        "weft_result_receipt": (c_int32, [handle, c_size_t, POINTER(RawReceipt)]),
        "weft_result_log": (c_int32, [handle, c_size_t, c_size_t, POINTER(RawLog)]),
        "weft_result_encode_receipt": (c_int32, [handle, c_size_t, c_char_p, c_size_t, POINTER(c_size_t)]),
        "weft_result_request": (c_int32, [handle, c_size_t, POINTER(Bytes)]),
        "weft_result_access_list": (c_int32, [handle, POINTER(Bytes)]),
        "weft_result_account": (c_int32, [handle, c_size_t, POINTER(RawChange)]),
        "weft_result_stats": (c_int32, [handle, POINTER(RawStats)]),
        "weft_result_conflict": (c_int32, [handle, c_size_t, POINTER(RawConflict)]),
    }
    for name, (result, arguments) in functions.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    if library.weft_abi_version() != 0:
        raise ImportError("this weft.py is for ABI version 0 of libweft")
    return library


lib = _load()


class Error(Exception):
    """What a function of the library refused. `cause` is the stable name; `transaction` an index, or None."""

    def __init__(self, info):
        super().__init__(info.text.decode())
        self.status = lib.weft_status_name(info.status).decode()
        self.cause = info.cause.decode()
        self.transaction = None if info.transaction == NO_TRANSACTION else info.transaction


def _call(function, *arguments):
    info = ErrorInfo()
    if function(*arguments, byref(info)) != 0:
        raise Error(info)


def _new(function, *arguments):
    handle = c_void_p()
    _call(function, *arguments, byref(handle))
    return handle


def _state(handle):
    if not handle:
        raise MemoryError
    return c_void_p(handle)


# ---- values --------------------------------------------------------------------------------------


Data = "bytes | bytearray | str"  # a string is hex text, with or without 0x
Number = "int | bytes | bytearray | str"


def to_bytes(value: Data) -> bytes:
    """bytes, or hex text with or without 0x."""
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x"))
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"expected bytes or hex text, not {type(value).__name__}")
    return bytes(value)


def to_word(value: Number) -> Word:
    """A number, up to 32 bytes, or hex text."""
    try:
        data = value.to_bytes(32, "big") if isinstance(value, int) else to_bytes(value).rjust(32, b"\0")
    except OverflowError as error:
        raise ValueError(f"{value} is no unsigned number of 32 bytes") from error
    return Word.from_buffer_copy(_sized(data, 32, "a word"))


def to_address(value: Data) -> Address:
    return Address.from_buffer_copy(_sized(to_bytes(value), 20, "an address"))


def _sized(data: bytes, size: int, what: str) -> bytes:
    if len(data) != size:
        raise ValueError(f"{what} has {size} bytes, not {len(data)}")
    return data


class _Memory:
    """Turns Python values into what the structures hold, and keeps alive what these point to: for as long as a call
    needs it."""

    def __init__(self):
        self.kept = []

    def bytes(self, value: Data) -> Bytes:
        data = to_bytes(value)
        buffer = ctypes.create_string_buffer(data, len(data))
        self.kept.append(buffer)
        return Bytes(ctypes.addressof(buffer), len(data))

    def array(self, kind, items: list):
        """An array of structures."""
        out = (kind * len(items))(*items)
        self.kept.append(out)
        return out

    def access(self, entry) -> Access:
        address, keys = entry
        words = self.array(Word, [to_word(key) for key in keys])
        return Access(address=to_address(address), keys=words, key_count=len(words))

    def authorization(self, fields: dict) -> Authorization:
        out = Authorization()
        self.fill(out, fields)
        return out

    def fill(self, structure: Structure, fields: dict) -> None:
        """Sets fields of a structure, by name; with a list goes its count."""
        kinds = dict(structure._fields_)
        for name, value in fields.items():
            if name not in kinds:
                raise TypeError(f"{type(structure).__name__} has no field '{name}'")
            setattr(structure, name, self.value(kinds[name], value))
            if COUNTS.get(name) in kinds:
                setattr(structure, COUNTS[name], len(value))

    def value(self, kind, value):
        if kind is Word:
            return to_word(value)
        if kind is Address:
            return to_address(value)
        if kind is Bytes:
            return self.bytes(value)
        if kind is Bloom:
            return Bloom.from_buffer_copy(_sized(to_bytes(value), 256, "a bloom"))
        if kind is POINTER(Word):
            return self.array(Word, [to_word(item) for item in value])
        if kind is POINTER(Access):
            return self.array(Access, [self.access(item) for item in value])
        if kind is POINTER(Authorization):
            return self.array(Authorization, [self.authorization(item) for item in value])
        if issubclass(kind, ctypes.Array):
            return kind.from_buffer_copy(_sized(to_bytes(value), ctypes.sizeof(kind), "this field"))
        if not isinstance(value, int):
            raise TypeError(f"expected an int, not {type(value).__name__}")
        if not 0 <= value < 1 << 8 * ctypes.sizeof(kind):
            raise ValueError(f"{value} does not fit into {ctypes.sizeof(kind)} bytes")
        return value


# Where a structure says how many items a list has.
COUNTS = {"access_list": "access_count", "blob_hashes": "blob_count", "authorizations": "authorization_count"}


def keccak256(data: Data) -> bytes:
    data = to_bytes(data)
    out = Word()
    lib.weft_keccak256(data, len(data), byref(out))
    return bytes(out)


def forks() -> list[str]:
    """Names of the forks that the library knows, oldest first."""
    names = []
    while (name := lib.weft_fork_name(len(names))) is not None:
        names.append(name.decode())
    return names


# ---- handles -------------------------------------------------------------------------------------


class Handle:
    """Owns one handle of the library."""

    _free = None
    handle = None

    def close(self):
        if self.handle:
            getattr(lib, self._free)(self.handle)
            self.handle = None

    def __del__(self):
        self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Chain(Handle):
    """Chain("mainnet"), Chain("Osaka"), Chain(1), or
    Chain(id=1337, forks=[("London", 0), ("Osaka", 1_800_000_000, "timestamp")])."""

    _free = "weft_chain_free"

    def __init__(self, name=None, *, id=1, forks=()):
        if name is not None:
            by_id = isinstance(name, int)
            self.handle = _new(*(lib.weft_chain_by_id, name) if by_id else (lib.weft_chain_by_name, name.encode()))
            return
        rows = [Activation(fork.encode(), at, 1 if by == ["timestamp"] else 0, 0) for fork, at, *by in forks]
        options = ChainOptions(id=id, activations=(Activation * len(rows))(*rows), activation_count=len(rows))
        self.handle = _new(lib.weft_chain_new, byref(options))

    @property
    def id(self):
        return lib.weft_chain_id(self.handle)

    def fork(self, number, timestamp):
        return lib.weft_chain_fork(self.handle, number, timestamp).decode()


class MemoryState(Handle):
    """A state in memory."""

    _free = "weft_state_free"

    def __init__(self):
        self.handle = _state(lib.weft_state_new())

    def set_account(self, address, balance=0, nonce=0, code=None, storage=None):
        a = to_address(address)
        _call(lib.weft_state_set_account, self.handle, byref(a), nonce, byref(to_word(balance)))
        if code is not None:
            data = to_bytes(code)
            _call(lib.weft_state_set_code, self.handle, byref(a), data, len(data))
        for key, value in (storage or {}).items():
            _call(lib.weft_state_set_storage, self.handle, byref(a), byref(to_word(key)), byref(to_word(value)))

    def set_block_hash(self, number, hash):
        _call(lib.weft_state_set_block_hash, self.handle, number, byref(to_word(hash)))

    def account(self, address):
        """(nonce, balance), or None."""
        out = Account()
        _call(lib.weft_state_account, self.handle, byref(to_address(address)), byref(out))
        return (out.nonce, int(out.balance)) if out.exists else None

    def storage(self, address, key):
        out = Word()
        _call(lib.weft_state_storage, self.handle, byref(to_address(address)), byref(to_word(key)), byref(out))
        return int(out)

    def copy(self):
        other = MemoryState.__new__(MemoryState)
        other.handle = _state(lib.weft_state_copy(self.handle))
        return other

    def apply(self, result):
        _call(lib.weft_state_apply, self.handle, result.handle)

    def root(self, engine=None):
        out = Word()
        _call(lib.weft_state_root, self.handle, engine.handle if engine else None, byref(out))
        return bytes(out)


class ReadState(Handle):
    """A state that is read through a Python object with the methods

        account(address) -> None or (nonce, balance, code_hash or None, has_storage)
        storage(address, key) -> int
        code(address, code_hash) -> bytes
        block_hash(number) -> bytes

    with addresses and hashes as bytes, keys as int. Methods are called from the engine's threads, one at a time
    (Python's lock). An exception ends the execution; it is then the __cause__ of the Error."""

    _free = "weft_state_free"

    def __init__(self, source):
        self._failure = None
        self._codes = []  # keeps code alive while the library may read it

        def guarded(kind, answer):
            def callback(context, *arguments):
                try:
                    answer(*arguments)
                    return 0
                except Exception as failure:
                    self._failure = failure
                    return 1
            return kind(callback)

        def account(address, out):
            found = source.account(bytes(address[0]))
            if found is not None:
                nonce, balance, code_hash, has_storage = found
                out[0] = Account(nonce, to_word(balance), to_word(code_hash or 0), 1, bool(has_storage))

        def storage(address, key, out):
            out[0] = to_word(source.storage(bytes(address[0]), int(key[0])))

        def code(address, code_hash, out):
            data = source.code(bytes(address[0]), bytes(code_hash[0]))
            buffer = ctypes.create_string_buffer(data, len(data))
            self._codes.append(buffer)
            out[0] = Bytes(ctypes.addressof(buffer), len(data))

        def block_hash(number, out):
            out[0] = to_word(source.block_hash(number))

        self._callbacks = StateCallbacks(account=guarded(ReadAccount, account), storage=guarded(ReadStorage, storage),
                                         code=guarded(ReadCode, code), block_hash=guarded(ReadBlockHash, block_hash))
        self.handle = _new(lib.weft_state_from_callbacks, byref(self._callbacks))


class Block(Handle):
    """Block(number=..., gas_limit=..., base_fee=..., ...) with fields of weft_header, or Block.decode(rlp)."""

    _free = "weft_block_free"

    def __init__(self, **header):
        memory, raw = _Memory(), Header()
        memory.fill(raw, header)
        self.handle = _new(lib.weft_block_new, byref(raw))

    @classmethod
    def decode(cls, rlp):
        block = cls.__new__(cls)
        data = to_bytes(rlp)
        block.handle = _new(lib.weft_block_decode, data, len(data))
        return block

    def add(self, *, sender=None, to=None, gas, **fields):
        """Adds a transaction: fields of weft_transaction. to=None creates a contract; with `sender`, no signature is
        needed. access_list=[(address, [key, ...]), ...], blob_hashes=[hash, ...],
        authorizations=[{"chain_id": 1, "address": ..., "nonce": 0, "y_parity": 0, "r": ..., "s": ...}, ...]."""
        memory, raw = _Memory(), Transaction()
        memory.fill(raw, {"gas_limit": gas, **fields})
        if sender is not None:
            raw.has_sender, raw.sender = 1, to_address(sender)
        if to is None:
            raw.is_create = 1
        else:
            raw.to = to_address(to)
        _call(lib.weft_block_add_transaction, self.handle, byref(raw))

    def add_encoded(self, envelope):
        data = to_bytes(envelope)
        _call(lib.weft_block_add_encoded, self.handle, data, len(data))

    def add_withdrawal(self, **fields):
        """Fields of weft_withdrawal: index, validator_index, amount (gwei), address."""
        memory, raw = _Memory(), Withdrawal()
        memory.fill(raw, fields)
        _call(lib.weft_block_add_withdrawal, self.handle, byref(raw))

    def add_uncle(self, **header):
        memory, raw = _Memory(), Header()
        memory.fill(raw, header)
        _call(lib.weft_block_add_uncle, self.handle, byref(raw))

    def set_access_list(self, rlp):
        data = to_bytes(rlp)
        _call(lib.weft_block_set_access_list, self.handle, data, len(data))

    @property
    def header(self):
        raw = Header()
        lib.weft_block_header(self.handle, byref(raw))
        return raw

    def check_parent(self, chain, parent):
        """Raises Error unless this block's header may follow `parent`, a Header."""
        _call(lib.weft_block_check_parent, self.handle, chain.handle, byref(parent))

    @property
    def hash(self):
        out = Word()
        lib.weft_block_hash(self.handle, byref(out))
        return bytes(out)

    def transaction_hash(self, index) -> bytes:
        out = Word()
        if lib.weft_block_transaction_hash(self.handle, index, byref(out)) != 0:
            raise IndexError(index)
        return bytes(out)

    def __len__(self):
        return lib.weft_block_transaction_count(self.handle)


class Engine(Handle):
    _free = "weft_engine_free"

    def __init__(self, threads=0, executor="auto", more_than_processors=False):
        options = Options(threads=threads, executor=EXECUTORS[executor], more_than_processors=more_than_processors)
        self.handle = _new(lib.weft_engine_new, byref(options))

    @property
    def threads(self):
        return lib.weft_engine_threads(self.handle)

    def _run(self, state, function, *arguments):
        try:
            return Result(_new(function, *arguments))
        except Error as error:
            error.__cause__ = getattr(state, "_failure", None)
            raise

    def execute(self, chain, state, block, *, check_header=False, skip_invalid=False, transactions_only=False,
                list_accesses=False):
        flags = CHECK_HEADER * check_header | SKIP_INVALID * skip_invalid
        flags |= TRANSACTIONS_ONLY * transactions_only | LIST_ACCESSES * list_accesses
        return self._run(state, lib.weft_execute_block, self.handle, chain.handle, state.handle, block.handle, flags)

    def call(self, chain, state, *, header=None, sender=None, to=None, input=b"", gas=30_000_000, **fields):
        """Executes one message; to=None creates a contract. `header` is a dict of fields of weft_header."""
        memory, raw_header, message = _Memory(), Header(), Message()
        memory.fill(raw_header, header or {})
        memory.fill(message, {"gas": gas, "input": input, **fields})
        message.blob_hash_count = len(fields.get("blob_hashes", ()))
        if sender is not None:
            message.from_ = to_address(sender)
        if to is None:
            message.is_create = 1
        else:
            message.to = to_address(to)
        return self._run(state, lib.weft_call, self.handle, chain.handle, state.handle, byref(raw_header),
                         byref(message), 0)


# ---- results -------------------------------------------------------------------------------------


class Log:
    def __init__(self, raw):
        self.address = str(raw.address)
        self.topics = [bytes(raw.topics[i]) for i in range(raw.topic_count)]
        self.data = bytes(raw.data)


class Receipt:
    def __init__(self, raw, logs):
        for name in ("gas_used", "gas_refunded", "gas_left", "cumulative_gas", "type"):
            setattr(self, name, getattr(raw, name))
        for name in ("succeeded", "reverted", "skipped"):
            setattr(self, name, bool(getattr(raw, name)))
        self.outcome = raw.outcome.decode()
        self.cause = raw.cause.decode() if raw.cause else None
        self.sender = str(raw.sender)
        self.created = str(raw.created) if raw.has_created else None
        self.output = bytes(raw.output)
        self.logs = logs


class Change:
    def __init__(self, raw):
        self.address, self.exists = str(raw.address), bool(raw.exists)
        self.storage_wiped = bool(raw.storage_wiped)
        self.nonce, self.balance, self.code_hash = raw.nonce, int(raw.balance), bytes(raw.code_hash)
        self.code = bytes(raw.code) if raw.code_changed else None
        self.slots = {int(raw.slots[i].key): int(raw.slots[i].value) for i in range(raw.slot_count)}


class Conflict:
    """Why a transaction was executed again. Transactions are indices; None is the state before the block."""

    FIELDS = (None, "balance", "nonce", "code", "slot")

    def __init__(self, raw):
        self.transaction, self.field, self.address = raw.transaction, self.FIELDS[raw.field], str(raw.address)
        self.slot = int(raw.slot) if self.field == "slot" else None
        self.seen, self.found = raw.seen - 1 if raw.seen else None, raw.found - 1 if raw.found else None


class Result(Handle):
    """Everything is read out at once, but for what weft_state_apply needs."""

    _free = "weft_result_free"

    def __init__(self, handle):
        self.handle = handle
        summary, stats = Summary(), RawStats()
        lib.weft_result_summary(handle, byref(summary))
        lib.weft_result_stats(handle, byref(stats))
        self.gas_used, self.blob_gas_used = summary.gas_used, summary.blob_gas_used
        self.receipts_root, self.requests_hash = bytes(summary.receipts_root), bytes(summary.requests_hash)
        self.bloom = bytes(summary.bloom.b)
        self.receipts = [self._receipt(i) for i in range(summary.receipt_count)]
        self.changes = [self._change(i) for i in range(summary.account_count)]
        self.requests = [self._request(i) for i in range(summary.request_count)]
        self.conflicts = [self._conflict(i) for i in range(summary.conflict_count)]
        self.stats = {name: getattr(stats, name) for name, _ in RawStats._fields_[3:-1]}
        self.stats["executor"] = stats.executor.decode()
        self.stats["fallback"] = stats.fallback.decode() if stats.fallback else None

    def _receipt(self, index):
        raw, log, logs = RawReceipt(), RawLog(), []
        lib.weft_result_receipt(self.handle, index, byref(raw))
        for i in range(raw.log_count):
            lib.weft_result_log(self.handle, index, i, byref(log))
            logs.append(Log(log))
        return Receipt(raw, logs)

    def _change(self, index):
        raw = RawChange()
        lib.weft_result_account(self.handle, index, byref(raw))
        return Change(raw)

    def _request(self, index):
        raw = Bytes()
        lib.weft_result_request(self.handle, index, byref(raw))
        return bytes(raw)

    def _conflict(self, index):
        raw = RawConflict()
        lib.weft_result_conflict(self.handle, index, byref(raw))
        return Conflict(raw)

    @property
    def access_list(self):
        """The block access list (EIP-7928) in RLP; empty where none was made."""
        raw = Bytes()
        lib.weft_result_access_list(self.handle, byref(raw))
        return bytes(raw)

    def encoded_receipt(self, index):
        """The receipt as it stands in the receipts trie."""
        size = c_size_t()
        lib.weft_result_encode_receipt(self.handle, index, None, 0, byref(size))
        out = ctypes.create_string_buffer(size.value)
        lib.weft_result_encode_receipt(self.handle, index, out, size.value, byref(size))
        return out.raw
