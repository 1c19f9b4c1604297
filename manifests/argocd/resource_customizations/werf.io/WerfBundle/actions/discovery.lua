local suspended = obj.spec ~= nil and obj.spec.suspend == true

local actions = {}
actions["reconcile"] = {
  ["disabled"] = suspended,
  ["iconClass"] = "fa fa-fw fa-rotate-right"
}
actions["deploy"] = {
  ["disabled"] = suspended,
  ["iconClass"] = "fa fa-fw fa-rocket",
  ["displayName"] = "Deploy again"
}
actions["suspend"] = {
  ["disabled"] = suspended,
  ["iconClass"] = "fa fa-fw fa-pause"
}
actions["resume"] = {
  ["disabled"] = not suspended,
  ["iconClass"] = "fa fa-fw fa-play"
}
return actions
