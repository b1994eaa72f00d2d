# What the scripts beside this one begin with: the command's path, a folder that goes when they end, and complaints.
weft=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad=0

complain() {
    echo "$*"
    bad=1
}
