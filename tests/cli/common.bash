# What the scripts beside this one begin with: the command's path, a folder that goes when they end, and complaints.
weft=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad=0

complain() {
    echo "$*"
    bad=1
}

# Clock ticks (1/100 s) of processor time that a process has used; fails when it is over.
ticks_of() { # ticks_of PID
    local fields
    read -ra fields 2>/dev/null <"/proc/$1/stat" && [ "${fields[2]}" != Z ] && echo $((fields[13] + fields[14]))
}

# Waits until a process has worked for so long, or is over. The time is the processor's: on a busy machine it has not begun
# when a clock on the wall says so.
await_work() { # await_work PID TICKS
    local ticks
    while ticks=$(ticks_of "$1") && [ "$ticks" -lt "$2" ]; do sleep 0.01; done
}
