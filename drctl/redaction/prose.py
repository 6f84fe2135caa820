"""How sentences go on that have a colon before them, so that no word of theirs is taken for a secret.

``secret: not found`` and ``volume "certs" : secret "north-ca" not found`` are no settings. Nearly every way has two
words or more, of which the first alone would be hidden otherwise; a password that reads like that is none in use.
"""

import re

NAME = r"[\w.\-/]{1,253}"
RESOURCE = r"(?:secrets?|configmaps?|kafkausers?|kafkas?|serviceaccounts?|services?|pods?|volumes?|resources?|object)"
WAYS = (
    r"not (?:found|set|valid|allowed|authori[sz]ed|authenticated|supported|available|registered|accepted)\b",
    r"not (?:enabled|configured|specified|ready)\b",
    r"no (?:such|key|secret|value|token|credentials|permission|entry|valid|matching)\b",
    r"(?:is|are|was|were) (?:not|missing|required|invalid|empty|expired|incorrect|wrong|unknown|forbidden|already)\b",
    r"(?:has|have|had) (?:expired|been|no|not)\b",
    r"(?:must|may|can|should|will|would|does|do|did|could) [a-z]+\b",
    r"(?:an?|the) [a-z]+ ",
    r"(?:cannot|can't|couldn't|doesn't|didn't|won't) [a-z]+\b",
    r"(?:failed|unable|trying|waiting|attempted|refusing) (?:to|for|while)\b",
    r"(?:error|timed out|timeout) (?:while|from|waiting|during|getting|reading|looking)\b",
    rf'{RESOURCE} "{NAME}" (?:not|is|was|already|does|could|has)\b',
    rf"{RESOURCE} {NAME} (?:not found|is missing|is not|already exists|does(?: not|n't) exist|has no)\b",
    rf"""(?:data )?keys? ["']?{NAME}["']? (?:not found|is missing|missing|is not|does(?: not|n't) exist|in )""",
    r"(?:references|referenced|referencing) (?:non-existent|a|an|the|unknown|missing)\b",
    r"token (?:expired|has|is|was|lookup|could|cannot|validation|review)\b",
    r"(?:authentication|authori[sz]ation|login|handshake|validation|verification|decryption) (?:failed|error|is)\b",
    r"invalid (?:credentials|token|bearer|password|signature|username|secret|key|length|format|grant|client)\b",
    r"missing (?:required|key|keys|secret|token|credentials|field|value)\b",
    r"(?:couldn't|could not|cannot) find\b",
    r"[45]\d\d (?:Unauthorized|Forbidden|Not Found|Bad Request|Conflict|Service Unavailable|Internal Server Error)\b",
    r"(?:unauthorized|forbidden|notfound|expired|missing|required|denied)(?=[\s.,;)\]]|\Z)",
)
PROSE = re.compile(f"(?i:{'|'.join(WAYS)})")
