// What the vendor's client declares: its .d.ts files, read as far as answers need it. declared(value, 'TargetResponse') gives the places
// where a value is not of that type: an unknown member, one that is lacking, one of another type.
'use strict';
const fs = require('fs');
const path = require('path');

const folder = path.join(path.dirname(require.resolve('polytomic')), 'api', 'types');
const known = new Map();

// Members of an interface: name -> {optional, type}; of a choice of strings the list of them.
function members(name) {
    if (!known.has(name)) {
        const text = fs.readFileSync(path.join(folder, `${name}.d.ts`), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
        const body = text.match(new RegExp(`interface ${name}(?: extends [^{]*)? \\{([\\s\\S]*?)\\n\\}`));
        const found = new Map();
        for (const [, member, optional, type] of body ? body[1].matchAll(/^ {4}"?([A-Za-z0-9_$]+)"?(\??): (.*);$/gm) : [])
            found.set(member, { optional: optional === '?', type });
        const choice = text.match(new RegExp(`type ${name} =((?: \\|? ?"[^"]*")+);`));
        if (!body && !choice) throw new Error(`a type that declared.js cannot read: ${name}`);
        known.set(name, body ? found : [...choice[1].matchAll(/"([^"]*)"/g)].map(match => match[1]));
    }
    return known.get(name);
}

function plain(type) {
    return value => (typeof value === type ? [] : [`is no ${type}`]);
}

function check(value, type, where, extra) {
    const at = problems => problems.map(problem => `${where} ${problem}`);
    if (type.endsWith('[]')) {
        if (!Array.isArray(value)) return at(['is no list']);
        return value.flatMap((item, i) => check(item, type.slice(0, -2), `${where}[${i}]`, extra));
    }
    if (type === 'unknown') return [];
    if (['string', 'number', 'boolean'].includes(type)) return at(plain(type)(value));
    const record = type.match(/^Record<string, (.*)>$/);
    if (record) {
        if (value === null || typeof value !== 'object' || Array.isArray(value)) return at(['is no object']);
        return Object.entries(value).flatMap(([key, item]) => check(item, record[1], `${where}.${key}`, extra));
    }
    const reference = type.match(/^(?:Polytomic\.)?([A-Za-z0-9]+)$/);
    if (!reference) throw new Error(`${where}: a type that declared.js does not know: ${type}`);
    const list = members(reference[1]);
    if (Array.isArray(list)) return at(list.includes(value) ? [] : [`is none of ${list.join(', ')}`]);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return at(['is no object']);
    const allowed = (extra[reference[1]] || []);
    const unknown = Object.keys(value).filter(key => !list.has(key) && !allowed.includes(key));
    const lacking = [...list].filter(([key, { optional }]) => !optional && value[key] === undefined).map(([key]) => key);
    return [
        ...at(unknown.map(key => `has the member ${key}, which ${reference[1]} has not`)),
        ...at(lacking.map(key => `lacks ${key}`)),
        // Every member may be null, says the reference.
        ...Object.entries(value)
            .filter(([key, item]) => list.has(key) && item !== null)
            .flatMap(([key, item]) => check(item, list.get(key).type, `${where}.${key}`, extra)),
    ];
}

// `extra`: members beyond the declared ones that are fine, by type.
exports.declared = (value, type, extra = {}) => check(value, type, type, extra);

// The words of a choice.
exports.choices = members;
