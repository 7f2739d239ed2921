"""The shell's half of the guard: what passes without a Python, because it surely may.

It is a script, because Git shows what it ran when that fails. Plain text stays in memory: one copy goes to Git as it
comes, the other to awk, which keeps it until it knows enough.
"""

from __future__ import annotations

from leafseal.git.attributes import DRIVER, KEPT

UNDO = f"git config --local --remove-section filter.{DRIVER}; git config --local --remove-section filter.{KEPT}"
"""What removes the guard where there is no leafseal to do it."""

SCRIPT_NAME = "leafseal-guard"
"""The file with the shell's half, in what all work trees of a clone share."""

RULES_NAME = "leafseal-guard-rules"
"""The file beside it, with what it may know of the rules."""

SCRIPT = r"""# Written by "leafseal git setup --protect", for files with filter=leafseal or filter=leafseal-kept.
# Encrypted files pass here, and plain files that no rule wants encrypted; leafseal is asked about all others, and
# wherever there is a doubt. To remove it without leafseal:
# @UNDO@

# Passes standard input on to Git as it is. Fails where it must not be added as file $1: by a rule for some files ...
guard() {
    LEAFSEAL_IS_STRICT=yes
    look_at "$1"
}

# ... or, for files that may be plain text, because Git has it encrypted.
guard_kept() {
    LEAFSEAL_IS_STRICT=
    look_at "$1"
}

look_at() {
    LEAFSEAL_FILE=$1 LEAFSEAL_PARENT=$PPID LEAFSEAL_RULES=$d/leafseal-guard-rules
    export LEAFSEAL_FILE LEAFSEAL_PARENT LEAFSEAL_RULES LEAFSEAL_IS_STRICT LEAFSEAL_ASK LEAFSEAL_STATE
    { answer=$(tee /dev/fd/3 | { LC_ALL=C awk "$LEAFSEAL_LOOK" 5>&1 >&2; echo $?; }); } 3>&1
    [ "$answer" = 0 ] || [ "$answer" = "$LEAFSEAL_PASSED" ]
}

# What comes of a file that leafseal was asked about and lets pass: not every awk tells how a program ended.
LEAFSEAL_PASSED='passed
3'

# Asks leafseal.
LEAFSEAL_ASK='
if command -v leafseal >/dev/null; then
    leafseal git guard --parent="$LEAFSEAL_PARENT" -- "$LEAFSEAL_FILE" && echo passed >&5
    exit
fi
cat >/dev/null
printf "%s" "leafseal: error: $LEAFSEAL_FILE: " | tr -d "\000-\037\177"
echo "may be plain text, and leafseal is not on PATH to tell whether it must be encrypted"
echo "leafseal: hint: install leafseal, or remove the guard: @UNDO@"'

# Prints the state of things. First the places where a configuration would count for the file: "+" or "-" tells whether
# one is there. After an empty line, what Git has at these places in the last commit, and in the index of the file
# itself: the three sides of a merge, and the file. It says nothing where a configuration has a wrong name.
LEAFSEAL_STATE='
asked=
if [ "$LEAFSEAL_IS_STRICT" ]; then
    folder=$LEAFSEAL_FILE
    while [ "$folder" ]; do
        case $folder in */*) folder=${folder%/*} ;; *) folder= ;; esac
        below=${folder:+$folder/}
        if [ -e "$below.sops.yml" ] || [ -L "$below.sops.yml" ]; then exit; fi
        for place in "$below.sops.yaml" "$below.sops-style-config.yaml"; do
            if [ -e "$place" ] || [ -L "$place" ]; then printf "+ %s\n" "$place"; else printf -- "- %s\n" "$place"; fi
            asked="${asked}HEAD:$place
"
        done
    done
fi
echo
exec git cat-file --batch 2>/dev/null <<END
$asked:1:$LEAFSEAL_FILE
:2:$LEAFSEAL_FILE
:3:$LEAFSEAL_FILE
:0:$LEAFSEAL_FILE
END
'

LEAFSEAL_LOOK='
/ENC\[AES256_GCM,/ { has_token = 1 }
/lastmodified/ { has_metadata = 1 }
/unresolved|^<<<<<<</ { has_conflict = 1 }
{ if ((size += length($0) + 1) < @MOST@) line[++kept] = $0 }

END {
    if (NR == 0) exit 0
    is_encrypted = has_token && has_metadata
    file = ENVIRON["LEAFSEAL_FILE"]
    if (!has_conflict && (is_encrypted ? !has_plain_value() : may_be_plain())) exit 0
    if (!is_encrypted && kept < NR) {
        gsub(/[^ -~]/, "?", file)
        print "leafseal: error: " file ": too large to tell whether it must be encrypted"
        filter = ENVIRON["LEAFSEAL_IS_STRICT"] ? "leafseal" : "leafseal-kept"
        print "leafseal: hint: to add it as it is, run \"git -c filter." filter ".clean=cat add\" with its name"
        exit 1
    }
    ask = ENVIRON["LEAFSEAL_ASK"]
    for (i = 1; i <= kept; i++) print line[i] | ask
    close(ask)
    exit 3
}

# -- plain files

function may_be_plain() {
    if (file !~ /^[ -~]+$/) return 0
    if (ENVIRON["LEAFSEAL_IS_STRICT"] && (has_token || !read_rules() || is_wanted())) return 0
    return is_as_known()
}

# The rules, as setup found them. Each is for the paths below its folder in which an expression occurs, or more.
function read_rules(    text, word, part) {
    while ((getline text < ENVIRON["LEAFSEAL_RULES"]) > 0) {
        word = text
        sub(/ .*/, "", word)
        sub(/^[a-z]+ ?/, "", text)
        if (word == "end") return 1
        if (word == "config") {
            split(text, part, " ")
            sub(/^[^ ]+ [^ ]+ /, "", text)
            blob[text] = part[1] " blob " part[2]
            bytes[text] = part[2]
            sub("[^/]*$", "", text)
            below = text
        }
        if (word == "path") { folder[++rules] = below; path[rules] = text }
        if (word == "keys") keys[rules] = text
        if (word == "objects") objects[rules] = 1
    }
    return 0
}

# Tells whether a rule is for the file, and may encrypt something in it.
function is_wanted(    i, has_format) {
    has_format = kept == NR && file ~ /\.(ya?ml|json|env|ini)$/
    for (i = 1; i <= rules; i++) {
        if (substr(file, 1, length(folder[i])) != folder[i]) continue
        if (substr(file, length(folder[i]) + 1) !~ path[i]) continue
        if (has_format && i in keys && !has_keys(keys[i])) continue
        if (has_format && i in objects && is_no_secret()) continue
        return 1
    }
    return 0
}

# Tells whether there may be a key name like those that a rule encrypts. With escapes and tags it would not show.
function has_keys(names,    i) {
    for (i = 1; i <= kept; i++)
        if (tolower(line[i]) ~ names || line[i] ~ /\\|!!|!<|^%|\305\277|\342\204\252/) return 1
    return 0
}

# Tells whether all documents begin as objects of Kubernetes, and none is a Secret: rules for key names mean Secrets.
function is_no_secret(    i, text, version, kind) {
    if (file !~ /\.ya?ml$/) return 0
    for (i = 1; i <= kept; i++) {
        text = line[i]
        if (text ~ /(^|[^A-Za-z0-9_])Secret(List)?([^A-Za-z0-9_]|$)/) return 0
        if (text ~ /\r|\302\205|\342\200[\250\251]|\\([xuU]|$)|^%|^\.\.\./) return 0  # other breaks, escapes
        if (text ~ /^---/) {
            if (text !~ /^---[ \t]*(#.*)?$/ || version != kind) return 0
            version = kind = 0
        } else if (version && kind || text ~ /^[ \t]*(#.*)?$/) {
            continue
        } else if (!version && text ~ "^apiVersion: +[A-Za-z0-9./-]+ *(#.*)?$") {
            version = 1
        } else if (!kind && text ~ /^kind: +[A-Za-z]+ *(#.*)?$/) {
            kind = 1
        } else {
            return 0
        }
    }
    return version == kind
}

# Tells whether the configurations are those that the rules are from, in the folder and in the last commit, and Git
# does not have the file encrypted.
function is_as_known(    state, text, here, place, is_there, places, i, left) {
    state = ENVIRON["LEAFSEAL_STATE"]
    while ((state | getline text) > 0 && text != "") {
        place[++places] = substr(text, 3)
        is_there[places] = text ~ /^[+]/
    }
    for (i = 1; i <= places; i++) {
        if ((state | getline text) <= 0) return 0
        if (!(place[i] in blob)) {
            if (is_there[i] || text != "HEAD:" place[i] " missing") return 0
            continue
        }
        if (text != blob[place[i]]) return 0
        # Here is its content, and a line break. The folder must have the same lines.
        for (left = bytes[place[i]] + 1; left > 0; left -= length(text) + 1) {
            if ((state | getline text) <= 0) return 0
            if (left > 1 && ((getline here < place[i]) <= 0 || here "" != text "")) return 0
        }
        if ((getline here < place[i]) > 0) return 0
    }
    for (i = 1; i <= 3; i++)
        if ((state | getline text) <= 0 || text != ":" i ":" file " missing") return 0
    if ((state | getline text) <= 0) return 0
    if (text == ":0:" file " missing") return 1
    while ((state | getline text) > 0) if (text ~ /ENC\[AES256_GCM,/) return 0
    return 1
}

# -- encrypted files

# Tells whether a line surely has a value that is not encrypted. Only files are judged whose own rule is the usual
# one: all is encrypted but what is below a name that ends in _unencrypted.
function has_plain_value(    i, text, format, has_own_rule) {
    if (kept < NR) return 0
    for (i = 1; i <= kept; i++) {
        text = line[i]
        if (text !~ /sops|encrypted/ || text ~ /^[ \t]*[#;]/) continue
        sub(/unencrypted_suffix["\047]?[ \t]*[:=][ \t]*["\047]?_unencrypted/, "", text)
        if (text ~ /^["\047]?sops["\047]?[ \t]*:/) format = "yaml"
        else if (text ~ /^[ \t]+"sops"[ \t]*:/ && !format) format = "json"
        else if (text ~ /^\[sops\]/) format = "ini"
        else if (text ~ /^sops_mac=/) format = "dotenv"
        if ((format || text ~ /^sops_/) && text ~ /encrypted_(suffix|regex|comment_regex)/) has_own_rule = 1
    }
    if (!format) return 1  # words of metadata, and none
    if (has_own_rule) return 0
    for (i = 1; i <= kept; i++) {
        if (is_metadata(line[i], format) || is_unencrypted(line[i], format)) continue
        if (line[i] ~ /ENC\[/) {
            if (has_more(line[i], format)) return 1
            continue
        }
        if (is_plain(line[i], format)) return 1
        if (begins_block(line[i]) && line[i + 1] ~ /^ +[^ \r]/ && line[i + 1] !~ /ENC\[/) return 1
    }
    return 0
}

# Tells whether a line with encrypted values has a plain one beside them, within brackets.
function has_more(text, format) {
    if (format != "json" && format != "yaml" || text ~ /^[ \t]*#/) return 0
    gsub(/["\047]?ENC\[[^]]*\]["\047]?/, "", text)
    gsub(/""|\047\047|null|Null|NULL/, "", text)
    if (text !~ /[{[,]/) return 0
    if (format == "json") return text ~ /[:,[][ \t]*("[^"]*"[ \t]*([],}]|$)|[0-9-]|true|false)/
    return text ~ /[{,][^{},:]*:[ \t]+["\047A-Za-z0-9+.$\/-]/
}

# Tells whether the value of a line is a block of lines, which come next.
function begins_block(text) {
    return text ~ /[:-][ \t]+([&!][^ \t]+[ \t]+)*[|>][0-9+-]*[ \t]*\r?$/
}

# Tells whether a line is one of the metadata. `inside` is what the line before was.
function is_metadata(text, format) {
    if (format == "dotenv") return text ~ /^sops_/
    if (format == "ini" && text ~ /^\[/) inside = text ~ /^\[sops\]/
    if (format == "yaml" && text ~ /^["\047]?sops["\047]?[ \t]*:/) return inside = 1
    if (format == "yaml" && text ~ /^([^ \t\r#-]|---)/) inside = 0
    if (format == "json" && !inside && text ~ /^[ \t]+"sops"[ \t]*:/) {
        match(text, /^[ \t]+/)
        end = substr(text, 1, RLENGTH) "}"
        inside = 1
    } else if (format == "json" && inside && substr(text, 1, length(end)) == end) {
        inside = 0
        return 1
    }
    return inside
}

# Tells whether a line is below a name that ends in _unencrypted, or has it. `left` is how far that one is indented.
function is_unencrypted(text, format,    far) {
    if (format == "dotenv" || format == "ini" && text !~ /^\[/) return text ~ /_unencrypted/ || left
    if (format == "ini") return left = text ~ /_unencrypted/
    far = match(text, /[^ \t]/)
    if (text ~ /_unencrypted/ && text !~ /^[ \t]*#/ && (!left || far <= left)) return left = far
    if (left && far && (far < left || far == left && text !~ /^ *-/)) left = 0
    return left
}

# Tells whether a line outside the metadata has a value. Empty ones are never encrypted.
function is_plain(text, format) {
    sub(/\r$/, "", text)
    if (format == "dotenv") return text ~ /^(export +)?[A-Za-z_][A-Za-z0-9_.-]*=[^=]/
    if (format == "ini")
        return text ~ /^[ \t]*[^ \t;#=:[][^=:]*[=:][ \t]*[^ \t]/ && text !~ /[=:][ \t]*(""|\047\047|``)[ \t]*$/
    sub(/^[ \t]*#.*$/, "", text)
    sub(/[ \t]+#.*$/, "", text)
    sub(/[ \t]*,?[ \t]*$/, "", text)
    if (text ~ /(^|[ \t:])(""|\047\047|~|null|Null|NULL)$|!!null/) return 0
    sub(/:[ \t]+([&!][^ \t]*[ \t]+)+/, ": ", text)
    if (format == "json" && text ~ /^[ \t]*("[^"]*"[ \t]*:[ \t]*)?("[^"].*"|[0-9.eE+-]+|true|false)$/) return 1
    sub(/("[^"]*"|\047[^\047]*\047)[ \t]*:/, "name:", text)
    if (text ~ /:[ \t]+\[[^{}:]*[A-Za-z0-9][^{}:]*\]$/ && text !~ /null/) return 1
    if (text ~ /^[ \t]*(- +)*([^ \t].*)?:[ \t]+[^ \t&*!|>{[]/) return 1
    if (text ~ /^ +["\047]?[A-Za-z0-9][^]:,#{}[]*$/) return 1
    return text ~ /^[ \t]*(- +)+[^ \t&*!|>{[-]/ && text !~ /:$/
}'
""".replace("@UNDO@", UNDO).replace(
    "@MOST@", str(1 << 26)
)  # bytes that are judged: a larger file is none that leafseal encrypts
